"""Drafts of pairs: which template each record takes, and prompt and target as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.instruction_templates import EXEMPLARS, HISTORY, Template
from manifests.schema.instructions import InstructionSource
from pipeline.steps.shards.conversations import TURN
from pipeline.steps.shards.exemplar_pools import Pools, exemplars
from pipeline.steps.shards.sampling_keys import TEMPLATE, keys
from pipeline.steps.shards.task_records import TaskRecords
from pipeline.steps.shards.templates import render
from pipeline.text.arrow.scattered import list_lengths, merged, scattered

Int64 = npt.NDArray[np.int64]
BLOCKS = pa.list_(pa.string())
NO_TASK, NO_EXEMPLARS = -1, -2
"""Why a pair has no template."""


@dataclass(frozen=True)
class Drafts:
    """Pairs [n] of ``records``: ``row``, the record of each; ``form``, its template's index among ``forms``,
    NO_TASK or NO_EXEMPLARS for none; ``blocks`` list<string>, its examples or earlier exchanges, null where
    the template shows none; ``shed``, whether some of those were left out already; ``prompt`` and ``target``,
    null where a field is missing."""

    records: pa.RecordBatch
    forms: tuple[Template, ...]
    row: Int64
    form: Int64
    blocks: pa.ListArray
    shed: npt.NDArray[np.bool_]
    prompt: pa.StringArray
    target: pa.StringArray

    def __len__(self) -> int:
        return len(self.row)

    def take(self, rows: npt.NDArray[np.intp]) -> Drafts:
        """Some of the pairs."""
        picked = pa.array(rows)
        return replace(
            self,
            row=self.row[rows],
            form=self.form[rows],
            blocks=self.blocks.take(picked),
            shed=self.shed[rows],
            prompt=self.prompt.take(picked),
            target=self.target.take(picked),
        )

    def without_first(self, less: Int64) -> Drafts:
        """The pairs written again without the first ``less`` [n] blocks of each."""
        size = list_lengths(self.blocks)
        kept = size - np.minimum(less, size)
        ends = np.cumsum(size)
        index = np.arange(kept.sum()) - np.repeat(np.cumsum(kept) - ends, kept)
        values = self.blocks.flatten().take(pa.array(index))
        offsets = pa.array(np.append(0, np.cumsum(kept)), pa.int32())
        return written(replace(self, blocks=pa.ListArray.from_arrays(offsets, values)))

    def replaced(self, rows: npt.NDArray[np.intp], others: Drafts) -> Drafts:
        """With other pairs in some places."""
        columns = ("blocks", "prompt", "target")
        made = {name: merged(getattr(self, name), rows, getattr(others, name)) for name in columns}
        return replace(self, **made)

    def each_form(self) -> list[tuple[Template, npt.NDArray[np.intp]]]:
        """The templates that are used, and the pairs of each."""
        used = np.unique(self.form[self.form >= 0]).tolist()
        return [(self.forms[index], np.flatnonzero(self.form == index)) for index in used]

    def records_of(self, pairs: npt.NDArray[np.intp], template: Template) -> pa.RecordBatch:
        """The records of some pairs of one template, with its examples or history as a column."""
        some = self.records.take(pa.array(self.row[pairs]))
        blocks = template.few_shot or template.history
        if blocks is None:
            return some
        name = EXEMPLARS if template.few_shot else HISTORY
        joined = pc.binary_join(self.blocks.take(pa.array(pairs)), blocks.separator)
        return some.append_column(name, joined)


def written(drafts: Drafts) -> Drafts:
    """The drafts with their prompts and targets."""
    groups = drafts.each_form()
    made = [render(template, drafts.records_of(pairs, template)) for template, pairs in groups]
    pairs = [one for _, one in groups]
    prompts, targets = ([texts[side] for texts in made] for side in (0, 1))
    return replace(
        drafts,
        prompt=scattered(prompts, pairs, len(drafts), pa.string()),
        target=scattered(targets, pairs, len(drafts), pa.string()),
    )


def in_turn(source: InstructionSource, batch: pa.RecordBatch, rows: Int64, first: int) -> Drafts:
    """A pair of each of some records; record i of the source, of which the batch has those from ``first`` on,
    takes template i modulo their number."""
    turn = (first + rows) % len(source.templates)
    return _drafts(
        batch, source.templates, rows, turn, pa.nulls(len(rows), BLOCKS), np.zeros(len(rows), bool)
    )


def of_tasks(
    source: InstructionSource,
    records: TaskRecords,
    rows: Int64,
    pools: Pools,
    said: Callable[[Template], pa.ListArray],
) -> Drafts:
    """The pairs of some records, by record, then by template; ``said``: a template's history of each of these
    records. One of no task, or without examples where its template shows some, has no template."""
    row, form = _drawn(source, records, rows, pools.seed)
    forms, places, blocks, shed = source.forms, [], [], np.zeros(len(row), bool)
    for index in np.unique(form[form >= 0]).tolist():
        pairs, template = np.flatnonzero(form == index), forms[index]
        if template.few_shot:
            task, at = int(records.task[row[pairs[0]]]), pa.array(row[pairs])
            found = exemplars(template, task, records.language.take(at), records.unit[row[pairs]], pools)
            form[pairs[pc.is_null(found).to_numpy(zero_copy_only=False)]] = NO_EXEMPLARS
        elif template.history:
            found = said(template).take(pa.array(np.searchsorted(rows, row[pairs])))
            shed[pairs] = list_lengths(found) < records.batch.column(TURN).to_numpy()[row[pairs]]
        else:
            continue
        places.append(pairs)
        blocks.append(found)
    return _drafts(records.batch, forms, row, form, scattered(blocks, places, len(row), BLOCKS), shed)


def _drawn(source: InstructionSource, records: TaskRecords, rows: Int64, seed: int) -> tuple[Int64, Int64]:
    """The records of the pairs, and the index of each pair's template."""
    counts = np.array([len(task.forms) for task in source.tasks])
    base = np.cumsum(counts) - counts
    every = np.array([task.draw == "all" for task in source.tasks])
    task = records.task[rows]
    known = task >= 0
    times = np.where(known & every[task], counts[task], 1)
    row, place = np.repeat(rows, times), np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    mine = np.repeat(task, times)
    drawn = (keys(records.unit[row], seed, TEMPLATE) % counts[mine].astype(np.uint64)).astype(np.int64)
    form = base[mine] + np.where(every[mine], place, drawn)
    return row, np.where(mine >= 0, form, NO_TASK)


def _drafts(
    records: pa.RecordBatch,
    forms: tuple[Template, ...],
    row: Int64,
    form: Int64,
    blocks: pa.ListArray,
    shed: npt.NDArray[np.bool_],
) -> Drafts:
    nothing = pa.nulls(len(row), pa.string())
    return written(Drafts(records, forms, row, form, blocks, shed, nothing, nothing))
