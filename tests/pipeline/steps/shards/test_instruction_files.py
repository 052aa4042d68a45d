"""Which files instruction pairs are read from: as with documents, none outside the source's folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.shards.instruction_readers import files, links_outside, records
from tests.pipeline.steps.privacy.looks import PLACEHOLDERS
from tests.pipeline.steps.shards.test_instruction_readers import source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A source with one file of its own, a link within it, and links that lead out: to a file, to a folder
    and, by way of a folder in it, up."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.jsonl").write_text('{"text": "secret"}\n')
    root = tmp_path / "pairs"
    (root / "deep").mkdir(parents=True)
    (root / "own.jsonl").write_text('{"text": "own"}\n')
    (root / "inner.jsonl").symlink_to("own.jsonl")
    (root / "outer.jsonl").symlink_to(tmp_path / "secret" / "key.jsonl")
    (root / "out").symlink_to(tmp_path / "secret", target_is_directory=True)
    (root / "deep" / "up.jsonl").symlink_to("../../secret/key.jsonl")
    (root / ".hidden.jsonl").write_text('{"text": "hidden"}\n')
    return root


@pytest.mark.parametrize("include", ["**/*.jsonl", "**", "*.jsonl", "out/*.jsonl", "*/*.jsonl"])
def test_links_and_patterns_do_not_lead_out(folder: Path, include: str) -> None:
    pairs = source("jsonl", include=["own.jsonl", include])
    found = {
        row["text"] for batch in records(pairs, folder, Scrubber(PLACEHOLDERS)) for row in batch.to_pylist()
    }
    assert found == {"own"}
    assert {path.name for path in files(pairs, folder)} <= {"own.jsonl", "inner.jsonl"}


def test_links_that_lead_out_are_counted(folder: Path) -> None:
    assert links_outside(source("jsonl", include=["**/*.jsonl", "out/*.jsonl"]), folder) == 3
    assert links_outside(source("jsonl", include=["own.jsonl"]), folder) == 0
    assert links_outside(source("jsonl"), folder / "own.jsonl") == 0


def test_a_source_of_such_links_alone_names_the_cause(folder: Path) -> None:
    with pytest.raises(
        PipelineError, match=r"toy finds no file .*\(1 links lead out of it\); correct its path"
    ):
        files(source("jsonl", include=["outer.jsonl"]), folder)


@pytest.mark.parametrize("name", ["outer.jsonl", "out/key.jsonl", "deep/up.jsonl"])
def test_a_labelled_file_that_is_a_link_out_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(PipelineError, match="that is a link that leads out"):
        files(source("labelled", files={"good": "own.jsonl", "bad": name}), folder)


def test_what_is_no_file_is_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.jsonl")
    assert [path.name for path in files(source("jsonl", include=["*.jsonl"]), folder)] == [
        "inner.jsonl",
        "own.jsonl",
    ]


@pytest.mark.parametrize("form", ["tagged", "jsonl"])
def test_a_name_that_is_no_utf8_is_readable_in_ids(folder: Path, form: str) -> None:
    (folder / "own.jsonl").rename(folder / os.fsdecode(b"\xd6.jsonl"))
    (batch,) = records(source(form, include=["*.jsonl"]), folder, Scrubber(PLACEHOLDERS))
    assert batch.column("id").to_pylist() == ["toy:\\xd6.jsonl#0"]
