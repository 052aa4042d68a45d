"""The record batches of one part of the input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import pyarrow as pa

from manifests.schema.corpus import Source
from pipeline.arrowio import MAX_BYTES, MAX_ROWS
from pipeline.ingest.plan import Piece
from pipeline.readers.compressed import CorruptCompressionError
from pipeline.readers.jsonl import read_jsonl
from pipeline.readers.record import Record
from pipeline.readers.text import read_text

RAW = pa.schema(
    [("key", pa.string()), ("text", pa.string())]
    + [(name, pa.string()) for name in ("url", "license", "meta", "reason", "detail", "charset")]
)


@dataclass(frozen=True)
class PartReader:
    """Yields batches of RAW columns; every batch is of one source, whose index is in the schema's metadata."""

    sources: tuple[Source, ...]
    pieces: tuple[Piece, ...]

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for index, pieces in groupby(self.pieces, key=lambda piece: piece.source):
            schema = RAW.with_metadata({"source": str(index)})
            records = (record for piece in pieces for record in _read(self.sources[index], piece))
            yield from _batches(records, schema)


def _read(source: Source, piece: Piece) -> Iterator[Record]:
    reader = read_jsonl if source.format == "jsonl" else read_text
    try:
        yield from reader(source, piece.path, piece.name, piece.start, piece.end)
    except CorruptCompressionError as error:
        yield Record(piece.name, "", reason="corrupt_compression", detail=str(error))


def _batches(records: Iterator[Record], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    rows: list[Record] = []
    size = 0
    for record in records:
        if rows and (len(rows) == MAX_ROWS or size + len(record.text) > MAX_BYTES):
            yield _batch(rows, schema)
            rows, size = [], 0
        rows.append(record)
        size += len(record.text)
    if rows:
        yield _batch(rows, schema)


def _batch(rows: list[Record], schema: pa.Schema) -> pa.RecordBatch:
    # Lone surrogates cannot be encoded; they come only from broken escapes.
    texts = [row.text if row.text.isascii() else row.text.encode("utf-8", "replace").decode() for row in rows]
    columns = {"text": texts} | {name: [getattr(row, name) for row in rows] for name in schema.names if name != "text"}
    return pa.RecordBatch.from_pydict(columns, schema=schema)
