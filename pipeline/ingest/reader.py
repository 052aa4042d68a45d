"""The record batches of one part of the input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import pyarrow as pa

from manifests.schema.corpus import Source
from pipeline.ingest.plan import Piece
from pipeline.readers.compressed import DamagedFileError
from pipeline.readers.jsonl import read_jsonl
from pipeline.readers.raw import gather, raw_row
from pipeline.readers.text import read_text
from pipeline.readers.tree import read_file

SOURCE = b"source"


@dataclass(frozen=True)
class PartReader:
    """Yields batches of RAW columns; every batch is of one source, whose index is in the schema's metadata. Of a document longer than
    ``limit`` bytes so many are read."""

    sources: tuple[Source, ...]
    pieces: tuple[Piece, ...]
    limit: int

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for index, pieces in groupby(self.pieces, key=lambda piece: piece.source):
            for batch in gather(batch for piece in pieces for batch in self._read(self.sources[index], piece)):
                yield batch.replace_schema_metadata({SOURCE: str(index)})

    def _read(self, source: Source, piece: Piece) -> Iterator[pa.RecordBatch]:
        try:
            if source.format == "jsonl":
                yield from read_jsonl(source, piece.path, piece.name, piece.start, piece.end, self.limit)
            elif source.format == "text" and source.document != "file":
                yield from read_text(source, piece.path, piece.name, piece.start, piece.end, self.limit)
            else:
                yield read_file(source, piece.path, piece.name, self.limit)
        except DamagedFileError as error:
            yield raw_row(f"{piece.name}#damage", error.text, reason=error.reason, detail=str(error))
