"""What a step finds of earlier ones: by name, whole, and with a word on what to do where it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.runtime.arrow_files import describe
from pipeline.runtime.context import StepContext
from pipeline.runtime.pipeline_error import PipelineError
from tests.empty_step import leave
from tests.pipeline.steps.measured import context, corpus


@pytest.fixture
def here(tmp_path: Path) -> StepContext:
    """A dedup step behind a quality step that left a tokenizer of two files."""
    files = []
    for name in ("a", "b"):
        path = tmp_path / "quality" / "tokenizer" / f"{name}.model"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"the model {name}")
        files.append(describe(path, tmp_path / "quality", 0))
    leave(tmp_path, "quality", "", {"tokenizer": files})
    leave(tmp_path, "before", "quality")
    return context("dedup", tmp_path, corpus(), [])


def test_an_artifact_is_found_by_step_and_name(here: StepContext) -> None:
    found = here.artifact("quality", "tokenizer")
    assert [file.checked().read_text() for file in found] == ["the model a", "the model b"]


def test_an_artifact_with_other_bytes_is_refused(here: StepContext) -> None:
    (first, _) = here.artifact("quality", "tokenizer")
    first.path.write_text("another model")
    with pytest.raises(PipelineError, match="was changed after it was written"):
        first.checked()


def test_an_artifact_that_is_not_there_says_what_to_do(here: StepContext) -> None:
    with pytest.raises(
        PipelineError, match=r"quality left no tokens; remove quality/manifest.json in .* again"
    ):
        here.artifact("quality", "tokens")
    with pytest.raises(PipelineError, match=r"privacy/manifest.json is missing; run `openba privacy` again"):
        here.artifact("privacy", "salt")


def test_the_chain_goes_back_to_the_first_step(here: StepContext) -> None:
    assert [manifest.step for manifest in here.chain()] == ["quality", "before"]
