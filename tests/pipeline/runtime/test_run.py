"""When a step is done again and when it is left alone, and the alarms between steps: with the smallest step,
and with all seven."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import pytest
import yaml

from manifests.schema.base import load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import STEPS
from manifests.schema.shards import ShardManifest
from manifests.schema.steps import StepManifest
from pipeline.models.tokenizer import train
from pipeline.runtime.arrow_files import open_table
from pipeline.runtime.context import StepContext
from pipeline.runtime.engines import open_engine
from pipeline.runtime.run import CorpusRun
from pipeline.runtime.step import PartTask, PipelineError, Step, StepResult
from pipeline.steps.registry import STEP_CLASSES
from tests.pipeline.steps.language.test_language_step import MODEL, needs_model
from tests.pipeline.toy import PEP20, LongEnough, Texts

SHORT = sum(len(line.encode()) < 30 for line in PEP20)
KEPT = 3 * (len(PEP20) - SHORT)


class First(Step):
    """Stands for ingest: so many parts of the Zen, each long enough line three times."""

    name, version, parts = "ingest", 1, 2

    def __init__(self) -> None:
        self.given: dict[str, str] = {"zen": "0" * 64}
        self.chosen: dict[str, Any] = {"least": 30}

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        return self.chosen

    def inputs(self, context: StepContext) -> dict[str, str]:
        return self.given

    def run(self, context: StepContext) -> StepResult:
        return StepResult(
            context.map(LongEnough(), [PartTask(index, Texts(index)) for index in range(self.parts)])
        )


class Second(First):
    """Stands for language; ``tasks`` are what it reads of what it was given."""

    name = "language"
    tasks: Callable[[list[PartTask]], list[PartTask]] = staticmethod(lambda given: given)

    def run(self, context: StepContext) -> StepResult:
        return StepResult(context.map(LongEnough(), self.tasks(context.tasks())))


@pytest.fixture
def run(tmp_path: Path) -> CorpusRun:
    content: dict[str, Any] = {
        "version": 1,
        "kind": "corpus",
        "name": "toy",
        "sources": [{"name": "zen", "path": ".", "format": "text"}],
    }
    content |= {
        "language": {"model": "none"},
        "quality": {"rules": []},
        "privacy": {"actions": {}},
        "shards": {"budget": {"en": 1}},
    }
    (tmp_path / "corpus.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return CorpusRun(tmp_path / "corpus.yaml", tmp_path / "run", open_engine("local", 1))


def test_a_step_is_done_once(run: CorpusRun, tmp_path: Path) -> None:
    first = run.step(First())
    again = run.step(First())
    assert (first.worked, again.worked) == (True, False)
    assert (
        again.manifest == first.manifest == load(tmp_path / "run" / "ingest" / "manifest.json", StepManifest)
    )
    assert (first.manifest.documents_in, first.manifest.documents_kept) == (6 * len(PEP20), 2 * KEPT)


@pytest.mark.parametrize(
    "change",
    [
        lambda step: step.given.update(zen="1" * 64),
        lambda step: step.given.update(more="0" * 64),
        lambda step: step.given.clear(),
        lambda step: step.chosen.update(least=31),
        lambda step: setattr(step, "version", 2),
    ],
    ids=["another file", "one more file", "no file", "another setting", "another version"],
)
def test_a_step_is_done_again_when_anything_that_decides_it_has_changed(
    run: CorpusRun, change: Callable[[Step], Any]
) -> None:
    before = run.step(First()).manifest
    step = First()
    change(step)
    again = run.step(step)
    assert again.worked
    assert again.manifest.fingerprint != before.fingerprint
    assert not run.step(step).worked
    assert run.step(First()).manifest == before, "and again when it is as it was"


def test_a_step_is_done_again_when_the_one_before_was(run: CorpusRun) -> None:
    first = First()
    run.step(first)
    before = run.step(Second())
    assert (before.worked, run.step(Second()).worked) == (True, False)
    first.parts = 3
    first.version = 2
    run.step(first)
    again = run.step(Second())
    assert again.worked
    assert again.manifest.input_sha256 != before.manifest.input_sha256
    assert again.manifest.documents_in == 3 * KEPT


@pytest.mark.parametrize(
    "damage",
    [lambda data: b"", lambda data: data[:-9], lambda data: data.replace(b'"documents_kept"', b'"kept"')],
)
def test_a_damaged_manifest_is_made_again(
    run: CorpusRun, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    run.step(First())
    path = tmp_path / "run" / "ingest" / "manifest.json"
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert run.step(First()).worked
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("tasks", "read"),
    [
        (lambda given: given[:-1], KEPT),
        (lambda given: [], 0),
        (lambda given: [*given, PartTask(2, Texts(2))], 2 * KEPT + 3 * len(PEP20)),
    ],
    ids=["a part lost", "all lost", "a part too many"],
)
def test_documents_that_the_step_before_kept_and_this_one_did_not_read_are_missed(
    run: CorpusRun, tmp_path: Path, tasks: Callable[[list[PartTask]], list[PartTask]], read: int
) -> None:
    run.step(First())
    assert run.step(Second()).manifest.documents_in == 2 * KEPT
    step = Second()
    step.tasks, step.version = tasks, 2
    with pytest.raises(
        PipelineError, match=f"^language: the step before kept {2 * KEPT} documents, but {read} were read$"
    ):
        run.step(step)
    assert not (tmp_path / "run" / "language" / "manifest.json").exists()


class Nothing(First):
    """Keeps nothing of what it reads."""

    def run(self, context: StepContext) -> StepResult:
        class Long(LongEnough):
            def process(self, batch: Any, where: Any) -> Any:
                return super().process(
                    batch.filter([len(text.encode()) < 30 for text in batch.column("text").to_pylist()]),
                    where,
                )

        return StepResult(context.map(Long(), [PartTask(0, Texts(0))] if self.parts else []))


def test_a_step_that_keeps_nothing_says_why(run: CorpusRun, tmp_path: Path) -> None:
    folder = tmp_path / "run" / "ingest"
    message = rf"^ingest kept none of {3 * SHORT} documents \(short {3 * SHORT}\); look at {folder / 'rejected'} and correct .* ingest settings$"
    with pytest.raises(PipelineError, match=message):
        run.step(Nothing())
    assert not (folder / "manifest.json").exists()
    empty = Nothing()
    empty.parts = 0
    with pytest.raises(
        PipelineError, match=r"^ingest kept none of 0 documents \(there was no input\); look at "
    ):
        run.step(empty)


def test_a_step_that_fails_leaves_no_manifest_of_before(run: CorpusRun, tmp_path: Path) -> None:
    run.step(First())

    class Fails(First):
        version = 2

        def run(self, context: StepContext) -> StepResult:
            assert not (context.folder / "manifest.json").exists()
            raise PipelineError("poisoned")

    with pytest.raises(PipelineError, match="poisoned"):
        run.step(Fails())
    assert not (tmp_path / "run" / "ingest" / "manifest.json").exists()


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


def _append(name: str, data: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes((folder / name).read_bytes() + data)

    return change


CHANGES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "a changed source": ("ingest", _append("docs/while.txt", b"Errors should never pass silently.")),
    "a changed model": ("language", _append("lid.ftz", b"\0")),
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
