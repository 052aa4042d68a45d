"""What a step finds of earlier ones: by name, whole, and with a word on what to do where it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests.files import write_json
from manifests.schema.steps import File, StepManifest
from pipeline.runtime.arrow_files import describe
from pipeline.runtime.context import StepContext
from pipeline.runtime.pipeline_error import PipelineError
from tests.pipeline.steps.measured import context, corpus


def left(run: Path, step: str, before: str, artifacts: dict[str, list[File]]) -> None:
    """The manifest of a step that left these artifacts."""
    manifest = StepManifest(
        step=step,
        step_version=1,
        fingerprint="",
        input_step=before,
        input_sha256="",
        settings={},
        documents_in=0,
        documents_kept=0,
        counts=(),
        metrics={},
        parts=(),
        files=tuple(file for files in artifacts.values() for file in files),
        artifacts={name: tuple(file.path for file in files) for name, files in artifacts.items()},
    )
    write_json(run / step / "manifest.json", manifest.model_dump(mode="json"))


@pytest.fixture
def here(tmp_path: Path) -> StepContext:
    """A dedup step behind a quality step that left a tokenizer of two files."""
    files = []
    for name in ("a", "b"):
        path = tmp_path / "quality" / "tokenizer" / f"{name}.model"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"the model {name}")
        files.append(describe(path, tmp_path / "quality", 0))
    left(tmp_path, "quality", "", {"tokenizer": files})
    left(tmp_path, "before", "quality", {})
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
    with pytest.raises(PipelineError, match=r"privacy/manifest.json is missing; run `make privacy` again"):
        here.artifact("privacy", "salt")


def test_the_chain_goes_back_to_the_first_step(here: StepContext) -> None:
    assert [manifest.step for manifest in here.chain()] == ["quality", "before"]
