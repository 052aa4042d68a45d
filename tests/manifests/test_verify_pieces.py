"""The pieces of a document that was cut are the whole of it: verification finds where not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests.verify import verify
from pipeline.runtime.engines.open_engine import open_engine
from pipeline.runtime.run import CorpusRun
from pipeline.steps.ingest.ingest_step import IngestStep
from tests.manifests.forged_run import edit, hash_again, rewrite
from tests.pipeline.steps.ingest.run import corpus
from tests.pipeline.toy import PEP20

ZEN = "\n".join(PEP20)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of ingest with a short document and two long ones; not to be changed."""
    folder = tmp_path_factory.mktemp("sound")
    for name, times in {"a#piece-2": 1, "b": 9, "c": 5}.items():
        (folder / name).write_text(ZEN * times, encoding="utf-8")
    source = {"name": "s", "path": str(folder), "format": "text", "include": ["a*", "b", "c"]}
    manifest = corpus(source, max_words=200).model_dump(mode="json")
    (folder / "corpus.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    CorpusRun(folder / "corpus.yaml", folder / "run", open_engine("local", 1)).step(IngestStep())
    return folder / "run"


@pytest.fixture
def run(sound: Path, tmp_path: Path) -> Path:
    """A copy, to be changed."""
    return Path(shutil.copytree(sound, tmp_path / "run"))


def problems(
    run: Path, column: str = "id", change: Callable[[list[Any]], list[Any]] = lambda values: values
) -> list[str]:
    """Of the run with other values in a column of the documents, and hashes that fit."""
    rewrite(run / "ingest" / "part-00000.arrow", column, change)
    edit(run / "ingest" / "manifest.json", lambda content: hash_again(run / "ingest", content))
    return verify(run).problems


def test_a_sound_run_has_no_problem(run: Path) -> None:
    assert problems(run) == []
    metrics = json.loads((run / "ingest" / "manifest.json").read_text())["metrics"]
    assert (metrics["cut/documents"], metrics["cut/pieces"]) == (2, 6)


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("text", lambda values: [*values[:2], values[2] + " ", *values[3:]]),
        ("text", lambda values: [*values[:2], values[3], values[2], *values[4:]]),
        ("id", lambda values: [*values[:2], "s:other#piece-2", *values[3:]]),
        ("meta", lambda values: [*values[:2], values[1], *values[3:]]),
        ("meta", lambda values: [*values[:2], values[2].replace('"pieces":4', '"pieces":5'), *values[3:]]),
        ("id", lambda values: [*values[:4], "s:b", *values[5:]]),
    ],
)
def test_a_piece_that_is_changed_moved_or_missing_is_found(run: Path, column: str, change: Any) -> None:
    (problem,) = problems(run, column, change)
    assert problem.startswith(f"{run / 'ingest' / 'part-00000.arrow'}: ")
    assert problem.endswith("documents that were cut are not whole, such as 's:b'")


def test_other_numbers_in_the_manifest_are_found(run: Path) -> None:
    edit(run / "ingest" / "manifest.json", lambda content: content["metrics"].update({"cut/pieces": 7}))
    (problem,) = problems(run)
    assert problem.endswith("manifest.json: 2 documents are cut into 6 pieces, the manifest says 2 into 7")
