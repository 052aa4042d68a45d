"""Kept and rejected documents as Arrow datasets, and steps run from Python."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pytest

import openba
from manifests.errors import UserError
from manifests.schema.base import load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import STEPS
from manifests.schema.steps import StepManifest
from tests.manifests.small_run import ASKED, MARKUP, ZEN, build_corpus


def test_kept_and_rejected_are_the_documents_of_the_step(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    assert openba.kept(tmp_path, "quality").to_table()["text"].to_pylist() == [*ZEN, *ASKED]
    rejected = openba.rejected(str(tmp_path), "quality").to_table()
    assert rejected["text"].to_pylist() == [MARKUP]
    assert rejected["reason"].to_pylist() == ["few_han"]
    assert openba.rejected(tmp_path, "privacy").count_rows() == 0


def test_a_dataset_reads_only_what_is_asked(small_run: tuple[Path, Path]) -> None:
    manifest = load(small_run[1] / "quality" / "manifest.json", StepManifest)
    chinese = openba.kept(small_run[1], "quality").to_table(
        columns=["id", "language"], filter=pc.field("language") == "zh"
    )
    assert chinese.column_names == ["id", "language"]
    stated = sum(item.documents for item in manifest.counts if (item.language, item.reason) == ("zh", ""))
    assert chinese.num_rows == stated > 100


def test_a_step_that_was_not_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"dedup: the step dedup has not been run; run it, or `openba corpus`"
    ):
        openba.kept(tmp_path, "dedup")


def test_steps_run_from_python_and_tell_each_outcome(small_run: tuple[Path, Path]) -> None:
    told: list[str] = []
    outcomes = openba.run_steps(*small_run, each=lambda name, _: told.append(name))
    assert told == [outcome.manifest.step for outcome in outcomes] == list(STEPS)
    assert not any(outcome.worked for outcome in outcomes)
    with pytest.raises(UserError, match="'dedupe' is not a step; name some of ingest"):
        openba.run_steps(*small_run, steps=["dedupe"])


def test_a_manifest_is_opened_by_its_kind(small_run: tuple[Path, Path]) -> None:
    manifest = openba.open_manifest(str(small_run[0]))
    assert isinstance(manifest, CorpusManifest)
    assert manifest.name == "small"
