"""Where steps of the user's own stand among the seven, in a manifest and in a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from manifests.schema.documents import STEPS
from manifests.step_order import step_before, steps_in, steps_of
from tests.empty_step import leave
from tests.pipeline.steps.ingest.run import corpus


def order(*steps: dict[str, Any]) -> tuple[str, ...]:
    text = {"name": "s", "path": ".", "format": "text"}
    manifest = corpus(text).model_dump() | {"steps": list(steps)}
    return steps_of(type(corpus(text)).model_validate(manifest))


def own(name: str, **place: str) -> dict[str, Any]:
    return {"use": f"mine:{name}", **place}


def test_without_any_there_are_the_seven() -> None:
    assert order() == STEPS


def test_they_stand_before_or_behind_others() -> None:
    found = order(
        own("Shorten", after="quality"), own("check", before="shards"), own("first", before="language")
    )
    assert found == (
        *("ingest", "first", "language", "quality", "shorten", "dedup"),
        *("privacy", "decontaminate", "check", "shards"),
    )


def test_those_at_the_same_place_keep_their_order() -> None:
    found = order(own("a", after="ingest"), own("b", after="ingest"), own("c", after="a"))
    assert found[:5] == ("ingest", "a", "c", "b", "language")
    found = order(own("a", before="dedup"), own("b", before="dedup"))
    assert found[2:5] == ("quality", "a", "b")


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([own("a")], "step 'a' needs one place: either after or before"),
        ([own("a", after="dedup", before="dedup")], "step 'a' needs one place"),
        ([own("a", after="dedop")], "'a' refers to 'dedop', which is not before it; known: ingest, language"),
        ([own("dedup", after="quality")], "'dedup' is the name of another step or folder"),
        ([own("train", after="quality")], "'train' is the name of another step or folder"),
        ([own("a", after="dedup"), own("a", after="dedup")], "'a' is the name of another step"),
        ([own("a", after="shards")], "ingest stays the first step and shards the last"),
        ([own("a", before="ingest")], "ingest stays the first step and shards the last"),
    ],
)
def test_a_place_that_there_is_not_is_refused(steps: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        order(*steps)


def test_a_run_folder_is_read_along_its_chain(tmp_path: Path) -> None:
    for step, before in [("ingest", ""), ("mine", "ingest"), ("language", "mine"), ("other", "language")]:
        leave(tmp_path, step, before)
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "manifest.json").write_text('{"kind": "training"}')
    assert list(steps_in(tmp_path)) == ["ingest", "mine", "language", "other"]


def test_a_step_that_was_taken_out_is_not_on_the_way(tmp_path: Path) -> None:
    for step, before in [("ingest", ""), ("mine", "ingest"), ("language", "ingest")]:
        leave(tmp_path, step, before)
    assert list(steps_in(tmp_path)) == ["ingest", "language"]


def test_a_step_that_is_gone_does_not_hide_the_others(tmp_path: Path) -> None:
    for step, before in [("ingest", ""), ("language", "ingest"), ("dedup", "quality")]:
        leave(tmp_path, step, before)
    found = steps_in(tmp_path)
    assert list(found) == ["ingest", "language", "dedup"]
    assert step_before("dedup", found["dedup"]) == "quality"
    assert step_before("ingest", found["ingest"]) == ""
