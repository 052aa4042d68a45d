"""The record batches of one part of the input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

import pyarrow as pa

from manifests.plugins import Plugin
from manifests.schema.sources import Source
from pipeline.readers.arrow import read_arrow
from pipeline.readers.compressed import DamagedFileError
from pipeline.readers.html import read_page
from pipeline.readers.jsonl import read_jsonl
from pipeline.readers.parquet import read_parquet
from pipeline.readers.plain_text import read_text
from pipeline.readers.plugin_reader import read_with_plugin
from pipeline.readers.raw_documents import gather, raw_row
from pipeline.readers.source_tree import read_file
from pipeline.readers.warc_documents import read_archive
from pipeline.steps.ingest.part_plan import Piece

SOURCE = b"source"
READERS = {"jsonl": read_jsonl, "text": read_text, "parquet": read_parquet, "arrow": read_arrow}
"""The formats of which many documents make a file; text only where its documents are not whole files."""


@dataclass(frozen=True)
class PartReader:
    """Yields batches of RAW columns; every batch is of one source, whose index is in the schema's metadata.
    Of a document longer than ``limit`` bytes so many are read. ``plugins``: the readers of the user's own, by
    the format that names them."""

    sources: tuple[Source, ...]
    pieces: tuple[Piece, ...]
    limit: int
    plugins: Mapping[str, Plugin] = field(default_factory=dict)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for index, pieces in groupby(self.pieces, key=lambda piece: piece.source):
            yield from _marked(index, gather(self._pieces(pieces)))

    def one_by_one(self) -> Iterator[pa.RecordBatch]:
        """The same documents in batches as the readers give them, none of which waits for the next."""
        for piece in self.pieces:
            yield from _marked(piece.source, self._pieces([piece]))

    def _pieces(self, pieces: Iterable[Piece]) -> Iterator[pa.RecordBatch]:
        for piece in pieces:
            yield from self._read(self.sources[piece.source], piece)

    def _read(self, source: Source, piece: Piece) -> Iterator[pa.RecordBatch]:
        stretch = piece.file, piece.name, piece.start, piece.end, self.limit
        try:
            if source.format in self.plugins:
                plugin = self.plugins[source.format]
                yield from read_with_plugin(plugin, source, piece.file, piece.name, self.limit)
            elif source.format in READERS and (source.format, source.document) != ("text", "file"):
                yield from READERS[source.format](source, *stretch)
            elif source.format == "warc":
                yield from read_archive(*stretch)
            elif source.format == "html":
                yield read_page(piece.file, piece.name, self.limit)
            else:
                yield read_file(source, piece.file, piece.name, self.limit)
        except DamagedFileError as error:
            yield raw_row(f"{piece.name}#damage", error.text, reason=error.reason, detail=str(error))


def _marked(source: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return (batch.replace_schema_metadata({SOURCE: str(source)}) for batch in batches)
