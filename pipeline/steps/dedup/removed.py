"""What paragraph deduplication takes out of the corpus, kept: each paragraph, where it stood, and whose copy
stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import open_table
from manifests.border.unsound_file import check
from pipeline.runtime.arrow_files import BatchWriter
from pipeline.steps.dedup.cuts import SCHEMA as CUTS
from pipeline.steps.dedup.cuts import spans_of
from pipeline.steps.dedup.document_ids import DocumentIds
from pipeline.steps.dedup.told import ToldFiles
from pipeline.text.arrow.cuts import pieces

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("language", pa.string()),
        pa.field("first_byte", pa.int64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("copy_of", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class WriteRemoved:
    """Writes rows of SCHEMA for the paragraphs that one part loses.

    ``first_byte``: place in the UTF-8 of the document's text as it came to the step. ``copy_of``: id of the
    document that keeps the copy, the same one where a paragraph stands in it twice.
    """

    parts: tuple[Iterable[pa.RecordBatch], ...]
    cuts: tuple[Path, ...]
    all_ids: DocumentIds
    told: ToldFiles

    def __call__(self, index: int, path: Path) -> None:
        planned, row = open_table(self.cuts[index], CUTS), 0
        names = self.told.of(*self.all_ids.firsts[self.all_ids.old_files + index :][:2])
        names = names.sort_by("other").combine_chunks()
        writer = BatchWriter(path, SCHEMA)
        for batch in self.parts[index]:
            cuts = planned.slice(row, batch.num_rows).combine_chunks()
            row += batch.num_rows
            if len(pc.list_flatten(cuts["holders"])):
                writer.write(_removed(batch, cuts, self.cuts[index], names))
        writer.close()


def _removed(batch: pa.RecordBatch, cuts: pa.Table, path: Path, names: pa.Table) -> pa.RecordBatch:
    """``names``: TOLD, sorted by ``other``."""
    owners, spans = spans_of(batch, cuts, path)
    holders, known = pc.list_flatten(cuts["holders"]).to_numpy(), names["other"].to_numpy()
    check(bool(np.isin(holders, known).all()), path, "names a document that is not there")
    rows = batch.select(["id", "source", "language"]).take(pa.array(owners))
    columns = {name: rows.column(name).cast(SCHEMA.field(name).type) for name in rows.schema.names}
    columns["first_byte"] = pc.list_flatten(cuts["first_bytes"]).combine_chunks()
    columns["text"] = pieces(batch.column("text"), spans)
    columns["copy_of"] = names["id"].take(pa.array(np.searchsorted(known, holders))).combine_chunks()
    return pa.RecordBatch.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)
