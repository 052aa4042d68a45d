"""The way of a document through a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import openba
from manifests.errors import UserError
from manifests.redaction import redact
from manifests.report.document_way import Fate, document_way, places
from manifests.schema.documents import STEPS
from openba.cli.main import main
from tests.manifests.small_run import LETTER, build_corpus


def way(run: Path, document: str) -> list[Fate]:
    return document_way(run, document, lambda texts: texts)


def rejected(run: Path, step: str, reason: str) -> dict[str, object]:
    rows = openba.rejected(run, step).to_table().to_pylist()
    return next(row for row in rows if row["reason"] == reason)


def test_a_document_in_the_shards_went_through_all_steps(small_run: tuple[Path, Path]) -> None:
    run = small_run[1]
    used = openba.kept(run, "shards").to_table(["id", "use", "tokens"]).to_pylist()
    document = next(row for row in used if row["use"] == "train")
    found = way(run, document["id"])
    assert [fate.step for fate in found] == list(STEPS)
    assert all(fate.kept and not fate.reason for fate in found)
    for fate in found:
        part = openba.kept(run, fate.step).to_table(["id"])["id"].chunks
        assert document["id"] in {name for chunk in part for name in chunk.to_pylist()}
    assert found[-1].noted["use"] == "train"
    spread = places(run, document["id"])
    assert sum(place.tokens for place in spread) == (document["tokens"] + 1) * found[-1].noted["epochs"], (
        "and eos"
    )


def test_a_rejected_one_ends_at_its_step_with_all_that_it_breaks(small_run: tuple[Path, Path]) -> None:
    run = small_run[1]
    row = rejected(run, "quality", "gopher_v2/few_words")
    *before, last = way(run, str(row["id"]))
    assert [fate.step for fate in before] == ["ingest", "language"]
    assert (last.step, last.kept, last.reason) == ("quality", False, "gopher_v2/few_words")
    assert last.broken_rules == tuple(row["broken_rules"])  # type: ignore[arg-type]
    assert last.signals["words"] < 30
    assert places(run, str(row["id"])) == []


def test_a_duplicate_names_the_document_that_stays(small_run: tuple[Path, Path]) -> None:
    row = rejected(small_run[1], "dedup", "exact_duplicate")
    found = way(small_run[1], str(row["id"]))
    assert found[-1].detail == row["detail"]
    assert not any(fate.text_changed for fate in found)


def test_a_scrubbed_text_is_said_to_be_changed(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    rows = openba.kept(tmp_path, "ingest").to_table(["id", "text"]).to_pylist()
    document = next(row["id"] for row in rows if row["text"].endswith(LETTER))
    assert [fate.step for fate in way(tmp_path, document) if fate.text_changed] == ["privacy"]


def test_of_a_redacted_run_the_steps_that_are_left_are_told(
    small_run: tuple[Path, Path], tmp_path: Path
) -> None:
    run = Path(shutil.copytree(small_run[1], tmp_path / "run"))
    document = openba.kept(run, "shards").to_table(["id"])["id"][0].as_py()
    assert redact(run) > 0
    assert [fate.step for fate in way(run, document)] == ["privacy", "decontaminate", "shards"]
    with pytest.raises(UserError, match="no step of the run read a document with the id 'nobody'"):
        way(run, "nobody")


def test_a_document_that_there_is_not_is_said(small_run: tuple[Path, Path]) -> None:
    with pytest.raises(UserError, match="no step of the run read a document with the id 'nobody'"):
        way(small_run[1], "nobody")


def test_the_command_prints_a_line_a_step_and_why(
    small_run: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    row = rejected(small_run[1], "quality", "gopher_v2/few_words")
    assert main(["why", str(row["id"]), "--run", str(small_run[1])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [
        ["ingest", "kept"],
        ["language", "kept"],
        ["quality", "rejected"],
    ]
    assert lines[3].strip() == f"gopher_v2/few_words: {row['detail']}"
    assert main(["why", str(row["id"]), "--run", str(small_run[1]), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [step["step"] for step in data["steps"]] == ["ingest", "language", "quality"]
    assert (data["places"], data["trained_on"]) == ([], None)
