"""The paragraphs that documents lose, planned once: what is written of them, and the text without them, are
made by the same rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import open_table
from manifests.border.unsound_file import UnsoundFileError, check
from manifests.schema.dedup import DedupSettings
from manifests.schema.rules import Rule
from pipeline.steps.dedup.decisions import SCHEMA as DECISIONS
from pipeline.steps.dedup.paragraph_cuts import plan_cuts
from pipeline.text.arrow.buffers import text_buffers

_OUTSIDE = "names a paragraph that is not inside its document"
SCHEMA = pa.schema(
    [
        pa.field("stub", pa.bool_(), nullable=False),
        pa.field("detail", pa.string()),
        pa.field("first_bytes", pa.list_(pa.int64()), nullable=False),
        pa.field("end_bytes", pa.list_(pa.int64()), nullable=False),
        pa.field("holders", pa.list_(pa.uint64()), nullable=False),
    ]
)


@dataclass(frozen=True)
class WriteCuts:
    """Writes rows of SCHEMA for the documents of one part, in their order.

    ``stub``: the document is rejected, uncut, for too little would be left of it, as ``detail`` tells.
    ``first_bytes`` and ``end_bytes``: the paragraphs that it loses, in the UTF-8 of its text; ``holders``:
    for each the number of the document that holds the copy that stays.
    """

    parts: tuple[Iterable[pa.RecordBatch], ...]
    decisions: tuple[Path, ...]
    settings: DedupSettings
    rules: tuple[Rule, ...]

    def __call__(self, index: int, path: Path) -> None:
        verdicts, row = open_table(self.decisions[index], DECISIONS), 0
        with pa.ipc.new_file(path, SCHEMA) as writer:
            for batch in self.parts[index]:
                verdict = verdicts.slice(row, batch.num_rows).combine_chunks()
                check(len(verdict) == batch.num_rows, self.decisions[index], "lacks documents of its part")
                writer.write_batch(self._cuts(batch, verdict))
                row += batch.num_rows

    def _cuts(self, batch: pa.RecordBatch, verdict: pa.Table) -> pa.RecordBatch:
        plan = plan_cuts(batch, verdict, self.settings, self.rules)
        borders = np.searchsorted(plan.owners, np.arange(batch.num_rows + 1)).astype(np.int32)
        places = plan.spans - text_buffers(batch.column("text")).offsets[plan.owners]
        holders = pc.list_flatten(verdict["holders"]).to_numpy()[plan.cuts]
        lists = [pa.ListArray.from_arrays(pa.array(borders), pa.array(of)) for of in (*places, holders)]
        stubs = pa.array(plan.stubs)
        details = pc.if_else(stubs, plan.details, pa.scalar(None, pa.string()))
        return pa.RecordBatch.from_arrays([stubs, details, *lists], schema=SCHEMA)


def spans_of(batch: pa.RecordBatch, cuts: pa.Table, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The row of each paragraph that a batch loses, int64 [cuts], and its first byte and end byte in the
    buffer of ``text_buffers(texts)``, int64 [2, cuts].

    Args:
        cuts: the batch's rows of SCHEMA, from the file ``path``.

    Raises:
        UnsoundFileError: a paragraph is not inside its document, or there is not one row for each document.
    """
    lengths, *others = (pc.list_value_length(cuts[name]) for name in ("first_bytes", "end_bytes", "holders"))
    if len(lengths) != batch.num_rows or any(lengths != other for other in others):
        raise UnsoundFileError("is not about the documents of its part", where=path)
    owners = np.repeat(np.arange(batch.num_rows), lengths.to_numpy())
    first, end = (pc.list_flatten(cuts[name]).to_numpy() for name in ("first_bytes", "end_bytes"))
    offsets = text_buffers(batch.column("text")).offsets
    check(bool(((first >= 0) & (first <= end) & (end <= np.diff(offsets)[owners])).all()), path, _OUTSIDE)
    return owners, np.stack([first, end]) + offsets[owners]
