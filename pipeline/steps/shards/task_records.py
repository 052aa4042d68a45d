"""The records of a source as records of its tasks: which task each is of, the fields that are taken out of
others, the language, and what holds a record's pairs together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.instructions import InstructionSource, Task
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.shards.conversations import TURN
from pipeline.steps.shards.templates import fields
from pipeline.text.arrow.fixed_width import leading_uint64
from pipeline.text.arrow.scattered import merged
from pipeline.text.arrow.text_hashes import hashes

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TaskRecords:
    """Records [n] of a batch. ``batch`` has the extracted fields, too; ``task`` int64 [n]: the index among
    the source's tasks, -1 for none; ``text`` string [n]: all that the task's templates use, of conversations
    all of their turns in each row; ``unit`` uint64 [n]: its hash."""

    batch: pa.RecordBatch
    language: pa.Array
    task: Int64
    text: pa.Array
    unit: npt.NDArray[np.uint64]

    @staticmethod
    def of(source: InstructionSource, batch: pa.RecordBatch) -> TaskRecords:
        """The records of a reader's batch.

        Raises:
            PipelineError: a task names a field that there is not, or no regular expression of RE2.
        """
        task = _tasks(source, batch)
        batch = _extracted(source, batch, task)
        text = _texts(source, batch, task)
        return TaskRecords(batch, languages(source, batch), task, text, leading_uint64(hashes(text)))


def languages(source: InstructionSource, batch: pa.RecordBatch) -> pa.Array:
    """The language of each record, whatever the field says: string [records]."""
    named = source.language_field
    if not named:
        return pa.repeat(source.language, batch.num_rows)
    return field_of(batch, named, f"source {source.name}: language_field")


def field_of(batch: pa.RecordBatch, field: str, wanted_by: str) -> pa.Array:
    """A column of the records.

    Raises:
        PipelineError: there is none of that name.
    """
    if field not in batch.schema.names:
        known = ", ".join(name for name in batch.schema.names if name != "id")
        raise PipelineError(f"{wanted_by}: there is no field {field!r}; the records have {known}")
    return batch.column(field)


def read_fields(source: InstructionSource) -> set[str]:
    """The fields that a source's records must be read with."""
    made = {name for task in source.tasks for pattern in task.extract.values() for name in _groups(pattern)}
    named = {field for template in source.forms for field in fields(template)} - made
    named |= {field for task in source.tasks for field in (*task.where, *task.extract)}
    return named | {field for field in (source.language_field, source.task_field) if field}


def like(pattern: str) -> str:
    """A pattern with ``*`` and ``?`` as SQL's LIKE has it."""
    for mark in "\\%_":
        pattern = pattern.replace(mark, f"\\{mark}")
    return pattern.replace("*", "%").replace("?", "_")


def matches(texts: pa.Array, patterns: tuple[str, ...]) -> pa.Array:
    """Which texts fit one of the patterns; a null is the empty text: bool [texts]."""
    known = pc.fill_null(texts, "")
    nothing = pa.array(np.zeros(len(texts), bool))
    return reduce(pc.or_, (pc.match_like(known, like(pattern)) for pattern in patterns), nothing)


def _tasks(source: InstructionSource, batch: pa.RecordBatch) -> Int64:
    found = np.full(batch.num_rows, -1)
    for index, task in reversed(list(enumerate(source.tasks))):
        fits = [
            matches(field_of(batch, field, f"task {task.name}: where"), values)
            for field, values in task.where.items()
        ]
        mine = reduce(pc.and_, fits, pa.array(np.ones(batch.num_rows, bool)))
        found[mine.to_numpy(zero_copy_only=False)] = index
    return found


def _extracted(source: InstructionSource, batch: pa.RecordBatch, task: Int64) -> pa.RecordBatch:
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    for index, one in enumerate(source.tasks):
        mine = np.flatnonzero(task == index)
        for field, pattern in one.extract.items():
            texts = field_of(batch, field, f"task {one.name}: extract").take(pa.array(mine))
            for name, found in _taken(one, texts, pattern).items():
                before = columns.get(name, pa.nulls(batch.num_rows, pa.string()))
                columns[name] = merged(before, mine, found)
    return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))


def _taken(task: Task, texts: pa.Array, pattern: str) -> dict[str, pa.Array]:
    """The groups of a pattern in each text; null where it does not match."""
    try:
        found = pc.extract_regex(texts, pattern)
    except pa.ArrowInvalid as error:
        raise PipelineError(f"task {task.name}: extract: {pattern!r}: {error}; write it for RE2") from None
    groups = zip(_groups(pattern), found.flatten(), strict=True)
    return {name: pc.if_else(pc.is_valid(found), values, None) for name, values in groups}


def _groups(pattern: str) -> list[str]:
    try:
        kind = pc.extract_regex(pa.array([""]), pattern).type
    except pa.ArrowInvalid:
        return []  # said where it is used
    return [kind.field(index).name for index in range(kind.num_fields)]


def _texts(source: InstructionSource, batch: pa.RecordBatch, task: Int64) -> pa.Array:
    texts = pa.repeat("", batch.num_rows)
    for index, one in enumerate(source.tasks):
        mine = np.flatnonzero(task == index)
        named = sorted({field for template in one.forms for field in fields(template)})
        columns = [
            pc.fill_null(field_of(batch, field, f"task {one.name}").take(pa.array(mine)), "")
            for field in named
        ]
        texts = merged(texts, mine, pc.binary_join_element_wise(*columns, "\n"))
    if TURN not in batch.schema.names:
        return texts
    starts = np.flatnonzero(batch.column(TURN).to_numpy() == 0)
    borders = pa.array(np.append(starts, batch.num_rows), pa.int32())
    whole = pc.binary_join(pa.ListArray.from_arrays(borders, texts), "\n")
    return whole.take(pa.array(np.repeat(np.arange(len(starts)), np.diff(borders.to_numpy()))))
