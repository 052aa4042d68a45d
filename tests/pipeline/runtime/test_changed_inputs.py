"""A changed file from outside the run redoes the step that reads it, and those after it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import pytest
import yaml

from manifests.border.arrow_files import open_table
from manifests.schema.base import load
from manifests.schema.documents import STEPS
from manifests.schema.shards import ShardManifest
from manifests.schema.steps import StepManifest
from pipeline.models.tokenizer import train
from pipeline.runtime.engines.open_engine import open_engine
from pipeline.runtime.run import CorpusRun
from pipeline.steps.registry import STEP_CLASSES
from tests.pipeline.steps.language.test_language_step import MODEL, needs_model

TOPICS = dict(sorted(topics.items())[-40:])
ANSWERS = [{"question": f"What is said of {name}?", "answer": text[:300]} for name, text in TOPICS.items()]
ITEM = "A benchmark asks which of the thirteen words in this very sentence is the longest of all."


def whole_corpus(folder: Path) -> Path:
    """A corpus that reads a file from outside the run in every step that can."""
    (folder / "docs").mkdir()
    for name, text in TOPICS.items():
        (folder / "docs" / f"{name}.txt").write_text(
            f"{text}\nQuestions about this page are welcome at docs@python.org.", encoding="utf-8"
        )
    shutil.copyfile(MODEL, folder / "lid.ftz")
    train(TOPICS.values(), 700, folder / "given.model", seed=1)
    (folder / "salt").write_text("a salt of at least sixteen characters", encoding="utf-8")
    (folder / "items.jsonl").write_text(json.dumps({"text": ITEM}), encoding="utf-8")
    (folder / "answers.jsonl").write_text("\n".join(map(json.dumps, ANSWERS)), encoding="utf-8")
    template = {"name": "qa", "prompt": "{question}", "target": "{answer}"}
    pairs = {
        "name": "answers",
        "path": "answers.jsonl",
        "format": "jsonl",
        "language": "en",
        "templates": [template],
    }
    content: dict[str, Any] = {
        "version": 1,
        "kind": "corpus",
        "name": "whole",
        "sources": [{"name": "docs", "path": "docs", "format": "text"}],
        "language": {"model": "lid.ftz"},
        "quality": {"rules": [], "perplexity": None, "tokenizer": {"model": "given.model"}},
        "privacy": {"actions": {"email": "hash"}, "salt": {"file": "salt"}},
        "decontaminate": {"benchmarks": [{"name": "items", "path": "items.jsonl", "text_fields": ["text"]}]},
        "shards": {
            "budget": {"en": 30_000},
            "shard_tokens": 20_000,
            "tolerance": 0.05,
            "instructions": {"tokens": 900, "ratio": {"en": 1.0}, "sources": [pairs]},
        },
    }
    (folder / "corpus.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder / "corpus.yaml"


def worked(folder: Path) -> list[str]:
    """Brings all seven steps up to date: those that had something to do."""
    run = CorpusRun(folder / "corpus.yaml", folder / "run", open_engine("local", 1))
    return [name for name in STEPS if run.step(STEP_CLASSES[name]()).worked]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with such a corpus and its finished run; not to be changed."""
    folder = tmp_path_factory.mktemp("whole")
    whole_corpus(folder)
    assert worked(folder) == list(STEPS)
    return folder


def _another_tokenizer(folder: Path) -> None:
    train(TOPICS.values(), 600, folder / "given.model", seed=1)


def _another_weight(folder: Path) -> None:
    model = folder / "lid.ftz"
    content = bytearray(model.read_bytes())
    content[-4] ^= 1  # the last bit of a float32
    model.write_bytes(content)


def _append(name: str, data: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes((folder / name).read_bytes() + data)

    return change


CHANGES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "a changed source": ("ingest", _append("docs/while.txt", b"Errors should never pass silently.")),
    "a changed model": ("language", _another_weight),
    "another tokenizer": ("quality", _another_tokenizer),
    "another salt": ("privacy", _append("salt", b"!")),
    "another benchmark": (
        "decontaminate",
        _append("items.jsonl", b"\n" + json.dumps({"text": ITEM[::-1]}).encode()),
    ),
    "another instruction": (
        "shards",
        _append("answers.jsonl", b"\n" + json.dumps({"question": "Why?", "answer": "Because."}).encode()),
    ),
}


@needs_model
@pytest.mark.parametrize("kind", CHANGES)
def test_a_changed_file_redoes_the_step_that_reads_it_and_those_after(
    whole: Path, tmp_path: Path, kind: str
) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "whole"))
    assert worked(folder) == [], "the same files elsewhere"
    step, change = CHANGES[kind]
    change(folder)
    assert worked(folder) == list(STEPS[STEPS.index(step) :])
    assert worked(folder) == []


@needs_model
def test_the_corpus_uses_every_file_that_is_changed(whole: Path) -> None:
    run = whole / "run"
    assert (run / "quality" / "tokenizer" / "part-00000.model").read_bytes() == (
        whole / "given.model"
    ).read_bytes()
    assert any(
        "<EMAIL:" in text for text in open_table(run / "privacy" / "part-00000.arrow")["text"].to_pylist()
    )
    assert load(run / "decontaminate" / "manifest.json", StepManifest).metrics["items/items"] == 1
    assert set(load(run / "shards" / "shards.json", ShardManifest).sets) == {"en", "biflan_en"}
