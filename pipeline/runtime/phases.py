"""What a running step may do: map, extract, each, group. Every one of them resumes where a killed run
stopped."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import apache_beam as beam

from manifests.files import digest, sync
from manifests.personal_data import REJECTED, make_private
from manifests.schema.documents import with_signals
from manifests.schema.steps import Part
from pipeline.runtime.context import StepContext
from pipeline.runtime.dofns import ApplyFunction
from pipeline.runtime.exchange import finished_buckets
from pipeline.runtime.file_names import part_name
from pipeline.runtime.finished_parts import part_in_place
from pipeline.runtime.jobs import TransformParts, WriteOne
from pipeline.runtime.key_groups import Emit, EmitKeys, Reduce, ReduceBucket
from pipeline.runtime.part_sinks import WritePart, WriteRows
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.runtime.progress import progress
from pipeline.runtime.receipts import FOLDER, read_receipt, write_receipt
from pipeline.runtime.transform import Extractor, PartTask, Transform
from pipeline.runtime.unfinished_phase import cleaned_up


def _are_buckets(names: Any) -> TypeGuard[list[str]]:
    """Whether a receipt names files of a grouping."""
    return isinstance(names, list) and all(
        isinstance(name, str) and re.fullmatch(r"bucket-\d+", name) for name in names
    )


class Phases:
    """Runs the phases of one step on its run's engine. A phase whose output depends on less than the step's
    fingerprint passes its own ``key``."""

    def __init__(self, context: StepContext) -> None:
        self._context = context
        self._engine = context.engine
        self._step = context.step
        self._folder = context.folder
        self._fingerprint = context.fingerprint

    def map(self, transform: Transform, tasks: Sequence[PartTask] | None = None) -> list[Part]:
        """Kept and rejected documents for every task. Conservation is checked when a part is recorded."""
        tasks = self._context.tasks() if tasks is None else tasks
        keys = self._part_keys(tasks, self._fingerprint)
        rejected = self._folder / REJECTED
        rejected.mkdir(parents=True, exist_ok=True)
        make_private(self._folder, (REJECTED,))
        todo = self._missing(self._folder, tasks, keys, part_in_place)
        schema = with_signals(transform.schema, self._context.user_signals)
        work = TransformParts(transform, WritePart(self._folder, schema, keys))
        self._run(self._step, self._folder, todo, keys, lambda: self._engine.run(todo, work))
        records = [read_receipt(self._folder, part_name(task.index), keys[task.index]) for task in tasks]
        self._sweep(self._folder, {part_name(task.index) for task in tasks}, ".arrow")
        self._sweep(rejected, {part_name(task.index) for task in tasks}, ".arrow")
        return [Part.model_validate(record) for record in records]

    def extract(
        self, phase: str, extractor: Extractor, tasks: Sequence[PartTask] | None = None, key: Any = None
    ) -> list[Path]:
        """One file of the extractor's rows for every task. ``key``: JSON that decides the rows, beside the
        input parts."""
        tasks = self._context.tasks() if tasks is None else tasks
        folder = self._folder / phase
        keys = self._part_keys(tasks, self._key(phase, key))
        todo = self._missing(folder, tasks, keys)
        work = TransformParts(extractor, WriteRows(folder, extractor.schema, keys))
        self._run(f"{self._step}: {phase}", folder, todo, keys, lambda: self._engine.run(todo, work))
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
        folder = self._folder / phase
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
            f"{self._step}: {phase}",
            folder,
            todo,
            keys,
            lambda: self._engine.run(todo, beam.ParDo(ApplyFunction(one))),
        )
        self._sweep(folder, {part_name(index) for index in range(count)}, suffix)
        return [folder / f"{part_name(index)}{suffix}" for index in range(count)]

    def group(
        self,
        phase: str,
        sources: Sequence[Path],
        emit: Emit,
        reduce: Reduce,
        buckets: int,
        key: Any = None,
    ) -> list[Path]:
        """The files of the buckets that got any key, in bucket order; ``buckets``: how many there are at
        most."""
        folder = self._folder / phase
        fingerprint = self._key(phase, key)
        names = read_receipt(folder, "group", fingerprint)
        if not _are_buckets(names) or not all((folder / name).exists() for name in names):
            self._sweep(folder, finished_buckets(folder, fingerprint, buckets), "")
            title, write = f"{self._step}: {phase}", ReduceBucket(folder, reduce, fingerprint)
            with cleaned_up(title, folder, {}), progress(title, folder, []):
                self._engine.group(list(enumerate(sources)), EmitKeys(emit), write, buckets)
            names = sorted(path.name for path in folder.glob("bucket-*"))
            folder.mkdir(parents=True, exist_ok=True)
            sync(folder)
            write_receipt(folder, "group", fingerprint, names)
        return [folder / name for name in names]

    def _key(self, phase: str, key: Any) -> str:
        return digest([self._step, phase, self._fingerprint if key is None else key])

    def _part_keys(self, tasks: Sequence[PartTask], fingerprint: str) -> dict[int, str]:
        inputs = {part.index: part.kept.sha256 for part in self._context.inputs}
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
