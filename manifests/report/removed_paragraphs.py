"""Paragraphs that deduplication took out of documents, some of them, with whose copy stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from manifests.border.arrow_files import read_batches
from manifests.files import safe_join
from manifests.report.examples import CHARACTERS
from manifests.report.run_record import RunRecord
from manifests.report.scrubbing import Scrub, beginnings

SHOWN = 12
_REMOVED = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("language", pa.string()),
        pa.field("first_byte", pa.int64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("copy_of", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class RemovedParagraph:
    """The beginning of a paragraph, scrubbed; the ``document`` it was taken out of, its ``first_byte`` in
    the UTF-8 of the text as it came to the step; the document that keeps it (``copy_of``)."""

    document: str
    first_byte: int
    copy_of: str
    language: str
    text: str


def removed_counts(record: RunRecord) -> list[tuple[str, int, int]]:
    """Language, paragraphs removed, and documents that lost some of their text: by repeated characters,
    too."""
    cut = record.metrics("dedup", "documents_cut")
    return [
        (language, number, cut.get((language,), 0))
        for (language,), number in record.metrics("dedup", "paragraphs_removed").items()
    ]


def removed_paragraphs(record: RunRecord) -> list[RemovedParagraph]:
    """Up to ``SHOWN`` of all, equally far from each other. Reads the record batches that hold them."""
    if "dedup" not in record.steps:
        return []
    folder = record.folder / "dedup"
    files = [file for file in record.steps["dedup"].files if file.path.startswith("removed/") and file.rows]
    files = [file for file in files if safe_join(folder, file.path).exists()]
    total = sum(file.rows for file in files)
    wanted = np.unique(np.linspace(0, max(total - 1, 0), SHOWN).round().astype(np.int64))
    found: list[RemovedParagraph] = []
    first = 0
    for file in files:
        for batch in read_batches(safe_join(folder, file.path), _REMOVED):
            rows = wanted[(wanted >= first) & (wanted < first + batch.num_rows)] - first
            found += _rows(batch.take(pa.array(rows)), record.scrub)
            first += batch.num_rows
    return found


def _rows(batch: pa.RecordBatch, scrub: Scrub) -> list[RemovedParagraph]:
    names = ("id", "first_byte", "copy_of", "language")
    columns = [batch.column(name).to_pylist() for name in names]
    texts = beginnings(batch.column("text"), CHARACTERS, scrub).to_pylist()
    return [
        RemovedParagraph(one, place, other, language or "", text)
        for one, place, other, language, text in zip(*columns, texts, strict=True)
    ]
