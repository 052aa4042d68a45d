"""Solved examples for few-shot prompts: records of the same task and language that are never held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.instruction_templates import Template
from manifests.schema.instructions import Task
from pipeline.steps.shards.sampling_keys import EXEMPLARS, HELDOUT, keys
from pipeline.steps.shards.task_records import TaskRecords
from pipeline.steps.shards.templates import filled, form_fields

UInt64 = npt.NDArray[np.uint64]
POOL = 64
"""Records of a task and language that examples are drawn from, at most."""


@dataclass(frozen=True)
class Pool:
    """``records`` [pool] of a task and language, in the order of keys, with the ``unit`` of each."""

    records: pa.RecordBatch
    unit: UInt64

    def drawn(self, unit: UInt64, shots: int, seed: int) -> npt.NDArray[np.int64]:
        """Indices into the pool for each record, int64 [records, shots], never the record itself; fewer
        columns where the pool is smaller."""
        size = len(self.unit)
        shots = max(min(shots, size - 1), 0)
        first = (keys(unit, seed, EXEMPLARS) % np.uint64(max(size, 1))).astype(np.int64)
        places = (first[:, None] + np.arange(shots + 1)) % max(size, 1)
        own = self.unit[places] == unit[:, None]
        hit = np.where(own.any(axis=1), own.argmax(axis=1), shots)
        kept = np.arange(shots + 1) != hit[:, None]
        return np.asarray(places[kept].reshape(len(unit), shots))


@dataclass
class Pools:
    """The pools of a source. Of each task and language the records with the greatest keys by which documents
    are held out, so that those which are (the least ``heldout`` share, or the single least one) are never in
    one; at most half of the records, and ``POOL``. Memory: so many records a task."""

    heldout: float
    seed: int
    _found: dict[tuple[int, str], tuple[pa.RecordBatch, UInt64, UInt64]] = field(default_factory=dict)
    _seen: dict[tuple[int, str], set[int]] = field(default_factory=dict)

    def add(self, records: TaskRecords, usable: npt.NDArray[np.bool_]) -> None:
        """Takes in a batch; ``usable`` [records]: those that may be examples."""
        drawn = keys(records.unit, self.seed, HELDOUT)
        usable &= drawn >= np.uint64(min(int(self.heldout * 2.0**64), 2**64 - 1))
        language = pc.fill_null(records.language, "").to_numpy(zero_copy_only=False)
        for task, name in {*zip(records.task.tolist(), language.tolist(), strict=True)}:
            rows = np.flatnonzero(usable & (records.task == task) & (language == name))
            if task >= 0 and len(rows):
                self._merge((task, name), records, rows, drawn[rows])

    def _merge(
        self, name: tuple[int, str], records: TaskRecords, rows: npt.NDArray[np.intp], drawn: UInt64
    ) -> None:
        seen = self._seen.setdefault(name, set())
        if len(seen) < 2 * POOL:
            seen.update(records.unit[rows].tolist())
        parts = [(records.batch.take(pa.array(rows)), records.unit[rows], drawn)]
        parts += [self._found[name]] if name in self._found else []
        batch = pa.Table.from_batches([part[0] for part in parts]).combine_chunks().to_batches()[0]
        unit, key = (np.concatenate([part[place] for part in parts]) for place in (1, 2))
        _, first = np.unique(unit, return_index=True)
        best = first[np.argsort(key[first], kind="stable")][::-1][:POOL]
        self._found[name] = (batch.take(pa.array(best)), unit[best], key[best])

    def of(self, task: int, language: str) -> Pool | None:
        """The pool of a task and language; None where there is none."""
        found = self._found.get((task, language))
        size = min(POOL, len(self._seen.get((task, language), ())) // 2)
        return Pool(found[0].slice(0, size), found[1][:size]) if found and size else None


def exemplars(template: Template, task: int, language: pa.Array, unit: UInt64, pools: Pools) -> pa.ListArray:
    """The examples of each record, list<string> [records]; null where its task has none."""
    assert template.few_shot is not None
    named = pc.fill_null(language, "").to_numpy(zero_copy_only=False)
    blocks, sizes, missing = [], np.zeros(len(unit), np.int64), np.ones(len(unit), bool)
    order = []
    for name in sorted(set(named.tolist())):
        rows = np.flatnonzero(named == name)
        pool = pools.of(task, name)
        if pool is not None and len(pool.unit) > 1:
            texts = filled(template.few_shot.form, template.name, pool.records)
            drawn = pool.drawn(unit[rows], template.few_shot.shots, pools.seed)
            blocks.append(texts.take(pa.array(drawn.reshape(-1))))
            sizes[rows], missing[rows] = drawn.shape[1], False
            order.append(np.repeat(rows, drawn.shape[1]))
    if not blocks:
        return pa.nulls(len(unit), pa.list_(pa.string()))
    back = np.argsort(np.concatenate(order), kind="stable")
    values = pa.concat_arrays(blocks).take(pa.array(back))
    offsets = pa.array(np.append(0, np.cumsum(sizes)), pa.int32())
    return pa.ListArray.from_arrays(offsets, values, mask=pa.array(missing))


def usable_records(
    records: TaskRecords,
    tasks: Sequence[Task],
    longest: int,
    overlaps: Callable[[pa.Array], npt.NDArray[np.bool_]],
) -> npt.NDArray[np.bool_]:
    """Records that may be examples: no field that their task's examples show is missing or blank, no example
    has more than ``longest`` bytes, and none ``overlaps`` with a benchmark: bool [records]."""
    good = np.zeros(records.batch.num_rows, bool)
    for index, task in enumerate(tasks):
        rows = np.flatnonzero(records.task == index)
        shown = [template for template in task.forms if template.few_shot]
        if len(rows) and shown:
            good[rows] = True
            some = records.batch.take(pa.array(rows))
            for template in shown:
                texts = _shown(template, some)
                size = pc.fill_null(pc.binary_length(texts), longest + 1).to_numpy()
                good[rows] &= (size <= longest) & ~overlaps(texts)
    return good


def _shown(template: Template, records: pa.RecordBatch) -> pa.Array:
    """The records as a template's examples; null where a field is missing or blank."""
    assert template.few_shot is not None
    fit = pa.array(np.ones(records.num_rows, bool))
    for name in form_fields(template.few_shot.form, template.name):
        fit = pc.and_(fit, pc.not_equal(pc.utf8_trim_whitespace(records.column(name)), ""))
    return pc.if_else(fit, filled(template.few_shot.form, template.name, records), None)
