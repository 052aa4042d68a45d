"""When a step is done again and when it is left alone, and the alarms between steps, with the smallest
step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests.schema.base import load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.steps import StepManifest
from pipeline.runtime.context import StepContext
from pipeline.runtime.engines.open_engine import open_engine
from pipeline.runtime.phases import Phases
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.runtime.run import CorpusRun
from pipeline.runtime.step import Step, StepResult
from pipeline.runtime.transform import PartTask
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
            Phases(context).map(LongEnough(), [PartTask(index, Texts(index)) for index in range(self.parts)])
        )


class Second(First):
    """Stands for language; ``tasks`` are what it reads of what it was given."""

    name = "language"
    tasks: Callable[[list[PartTask]], list[PartTask]] = staticmethod(lambda given: given)

    def run(self, context: StepContext) -> StepResult:
        return StepResult(Phases(context).map(LongEnough(), self.tasks(context.tasks())))


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


class NoneLongEnough(LongEnough):
    """Sees only the documents that are too short."""

    def process(self, batch: Any, where: Any) -> Any:
        short = [len(text.encode()) < 30 for text in batch.column("text").to_pylist()]
        return super().process(batch.filter(short), where)


class Nothing(First):
    """Keeps nothing of what it reads."""

    def run(self, context: StepContext) -> StepResult:
        return StepResult(
            Phases(context).map(NoneLongEnough(), [PartTask(0, Texts(0))] if self.parts else [])
        )


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
