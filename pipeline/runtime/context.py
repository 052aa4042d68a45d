"""What a running step may do: map, extract, each, group. Every one of them resumes where a killed run
stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests.files import digest, sync
from manifests.schema.corpus import CorpusManifest
from manifests.schema.steps import Part
from pipeline.runtime.beam_import import beam
from pipeline.runtime.dofns import ApplyFunction
from pipeline.runtime.engines import Engine
from pipeline.runtime.finished_parts import part_in_place
from pipeline.runtime.jobs import (
    CheckedFile,
    Emit,
    EmitKeys,
    Reduce,
    ReduceBucket,
    TransformParts,
    WriteOne,
    WritePart,
    WriteRows,
    part_name,
)
from pipeline.runtime.progress import progress
from pipeline.runtime.receipts import FOLDER, read_receipt, write_receipt
from pipeline.runtime.step import Extractor, PartTask, PipelineError, Transform
from pipeline.runtime.unfinished_phase import cleaned_up


@dataclass(frozen=True)
class StepContext:
    """The surroundings of one step of one run.

    ``base`` is the corpus manifest's folder, against which its paths resolve; ``inputs`` are the previous
    step's parts, relative to ``input_folder``. ``fingerprint`` is the step's own; a phase whose output
    depends on less than that passes its own ``key``.
    """

    step: str
    corpus: CorpusManifest
    base: Path
    folder: Path
    input_folder: Path | None
    inputs: tuple[Part, ...]
    engine: Engine
    fingerprint: str

    def resolve(self, path: str) -> Path:
        """A path of the manifest, as one from here."""
        return (self.base / path).resolve()

    def tasks(self) -> list[PartTask]:
        """One task for each part of the previous step; its file's hash is checked when it is read."""
        assert self.input_folder is not None
        return [
            PartTask(part.index, CheckedFile(self.input_folder / part.kept.path, part.kept))
            for part in self.inputs
        ]

    def map(self, transform: Transform, tasks: Sequence[PartTask] | None = None) -> list[Part]:
        """Kept and rejected documents for every task. Conservation is checked when a part is recorded."""
        tasks = self.tasks() if tasks is None else tasks
        keys = self._part_keys(tasks, self.fingerprint)
        (self.folder / "rejected").mkdir(parents=True, exist_ok=True)
        todo = self._missing(self.folder, tasks, keys, part_in_place)
        work = TransformParts(transform, WritePart(self.folder, transform.schema, keys))
        self._run(self.step, self.folder, todo, keys, lambda: self.engine.run(todo, work))
        records = [read_receipt(self.folder, part_name(task.index), keys[task.index]) for task in tasks]
        self._sweep(self.folder, {part_name(task.index) for task in tasks}, ".arrow")
        self._sweep(self.folder / "rejected", {part_name(task.index) for task in tasks}, ".arrow")
        return [Part.model_validate(record) for record in records]

    def extract(
        self, phase: str, extractor: Extractor, tasks: Sequence[PartTask] | None = None, key: Any = None
    ) -> list[Path]:
        """One file of the extractor's rows for every task. ``key``: JSON that decides the rows, beside the
        input parts."""
        tasks = self.tasks() if tasks is None else tasks
        folder = self.folder / phase
        keys = self._part_keys(tasks, self._key(phase, key))
        todo = self._missing(folder, tasks, keys)
        work = TransformParts(extractor, WriteRows(folder, extractor.schema, keys))
        self._run(f"{self.step}: {phase}", folder, todo, keys, lambda: self.engine.run(todo, work))
        self._sweep(folder, {part_name(task.index) for task in tasks}, ".arrow")
        return [folder / f"{part_name(task.index)}.arrow" for task in tasks]

    def each(
        self,
        phase: str,
        work: Callable[[int, Path], None],
        count: int,
        suffix: str = ".arrow",
        key: Any = None,
    ) -> list[Path]:
        """``count`` independent files; ``work(index, path)`` writes one of them."""
        folder = self.folder / phase
        fingerprint = self._key(phase, key)
        keys = dict.fromkeys(range(count), fingerprint)
        todo = [
            index
            for index in range(count)
            if read_receipt(folder, part_name(index), fingerprint) is None
            or not (folder / f"{part_name(index)}{suffix}").exists()
        ]
        one = WriteOne(folder, suffix, fingerprint, work)
        self._run(
            f"{self.step}: {phase}",
            folder,
            todo,
            keys,
            lambda: self.engine.run(todo, beam.ParDo(ApplyFunction(one))),
        )
        self._sweep(folder, {part_name(index) for index in range(count)}, suffix)
        return [folder / f"{part_name(index)}{suffix}" for index in range(count)]

    def group(
        self, phase: str, sources: Sequence[Path], emit: Emit, reduce: Reduce, key: Any = None
    ) -> list[Path]:
        """The files of the buckets that got any key, in bucket order."""
        folder = self.folder / phase
        fingerprint = self._key(phase, key)
        buckets = read_receipt(folder, "group", fingerprint)
        if buckets is None or not all((folder / name).exists() for name in buckets):
            self._sweep(folder, set(), "")
            title = f"{self.step}: {phase}"
            with cleaned_up(title, folder, {}), progress(title, folder, []):
                self.engine.group(list(enumerate(sources)), EmitKeys(emit), ReduceBucket(folder, reduce))
            buckets = sorted(path.name for path in folder.glob("bucket-???"))
            folder.mkdir(parents=True, exist_ok=True)
            sync(folder)
            write_receipt(folder, "group", fingerprint, buckets)
        return [folder / name for name in buckets]

    def _key(self, phase: str, key: Any) -> str:
        return digest([self.step, phase, self.fingerprint if key is None else key])

    def _part_keys(self, tasks: Sequence[PartTask], fingerprint: str) -> dict[int, str]:
        inputs = {part.index: part.kept.sha256 for part in self.inputs}
        return {task.index: digest([fingerprint, inputs.get(task.index)]) for task in tasks}

    @staticmethod
    def _missing(
        folder: Path,
        tasks: Sequence[PartTask],
        keys: dict[int, str],
        in_place: Callable[[Path, Any], bool] = lambda folder, record: True,
    ) -> list[PartTask]:
        def missing(name: str, key: str) -> bool:
            record = read_receipt(folder, name, key)
            return record is None or not (folder / f"{name}.arrow").exists() or not in_place(folder, record)

        return [task for task in tasks if missing(part_name(task.index), keys[task.index])]

    def _run(
        self, title: str, folder: Path, todo: Sequence[Any], keys: dict[int, str], work: Callable[[], None]
    ) -> None:
        if not todo:
            return
        expected = {part_name(item.index if isinstance(item, PartTask) else item): None for item in todo}
        for name in expected:
            (folder / FOLDER / f"{name}.json").unlink(missing_ok=True)
        receipts = {part_name(index): key for index, key in keys.items()}
        with cleaned_up(title, folder, receipts), progress(title, folder, list(expected)):
            work()
        lost = [index for index in keys if read_receipt(folder, part_name(index), keys[index]) is None]
        if lost:
            raise PipelineError(
                f"{title}: parts {lost} were not written although the engine reported success; run the step "
                "again"
            )

    @staticmethod
    def _sweep(folder: Path, names: set[str], suffix: str) -> None:
        """Removes what an earlier run with other parts, or a killed one, left behind."""
        for path in folder.glob(".*.tmp"):
            path.unlink()
        for path in [*folder.glob(f"part-*{suffix}"), *(folder.glob("bucket-*") if not suffix else [])]:
            if path.name.removesuffix(suffix) not in names:
                path.unlink()
        for path in (folder / FOLDER).glob("*.json"):
            if path.stem not in names:
                path.unlink()
