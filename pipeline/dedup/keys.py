"""What deduplication compares documents by: one row of hashes and sizes a document, in place of its text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.corpus import DedupSettings
from pipeline.arrowio import open_table
from pipeline.outcome import Position
from pipeline.step import Extractor
from pipeline.text.minhash import permutations, signatures
from pipeline.text.paragraphs import paragraphs


def schema(size: int) -> pa.Schema:
    """Columns of the keys of documents with signatures of ``size`` values."""
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("hash", pa.binary(16), nullable=False),
            pa.field("source", pa.uint16(), nullable=False),
            pa.field("perplexity", pa.float32(), nullable=False),
            pa.field("bytes", pa.int32(), nullable=False),
            pa.field("signature", pa.list_(pa.uint32(), size), nullable=False),
            pa.field("paragraphs", pa.list_(pa.uint64()), nullable=False),
        ]
    )


def is_code(batch: pa.RecordBatch) -> np.ndarray:
    """bool [documents]: program text, whose lines and runs are left alone."""
    return pc.fill_null(pc.equal(batch.column("language"), "code"), False).to_numpy(zero_copy_only=False)


class Keys(Extractor):
    """Documents -> keys. ``source`` is the index of the source in the manifest; an unknown perplexity counts as infinite."""

    def __init__(self, settings: DedupSettings, sources: tuple[str, ...]) -> None:
        self._settings = settings
        self._sources = sources
        self.schema = schema(settings.bands * settings.rows)

    def setup(self) -> None:
        self._permutations = permutations(self._settings.bands * self._settings.rows, self._settings.seed)

    def process(self, batch: pa.RecordBatch, where: Position) -> pa.RecordBatch:
        texts, settings = batch.column("text"), self._settings
        found = signatures(texts, self._permutations, settings.shingle_words, settings.shingle_characters)
        skip = is_code(batch) if settings.paragraphs else np.ones(len(texts), bool)
        hashes, _, starts = paragraphs(texts, skip, settings.min_paragraph_characters)
        columns = {
            "id": batch.column("id"),
            "hash": batch.column("hash"),
            "source": pc.index_in(batch.column("source").cast(pa.string()), pa.array(self._sources)).cast(pa.uint16()),
            "perplexity": _perplexity(batch),
            "bytes": pc.binary_length(texts).cast(pa.int32()),
            "signature": pa.FixedSizeListArray.from_arrays(pa.array(found.reshape(-1)), type=self.schema.field("signature").type),
            "paragraphs": pa.ListArray.from_arrays(pa.array(starts.astype(np.int32)), pa.array(hashes)),
        }
        return pa.RecordBatch.from_arrays([columns[name] for name in self.schema.names], schema=self.schema)


def _perplexity(batch: pa.RecordBatch) -> pa.Array:
    signals = batch.column("signals")
    if signals.type.get_field_index("perplexity") < 0:
        return pa.repeat(pa.scalar(np.inf, pa.float32()), batch.num_rows)
    values = pc.struct_field(signals, "perplexity")
    return pc.if_else(pc.fill_null(pc.is_finite(values), False), values, pa.scalar(np.inf, pa.float32()))


def signature_matrix(table: pa.Table) -> np.ndarray:
    """The signatures of a table of keys: uint32 [documents, permutations]."""
    column = table["signature"]
    values = [chunk.flatten().to_numpy() for chunk in column.chunks]
    return np.concatenate([np.empty(0, np.uint32), *values]).reshape(-1, column.type.list_size)


def first_numbers(paths: list[Path]) -> np.ndarray:
    """int64 [parts + 1]: the number of each part's first document when the documents of all parts are numbered through."""
    return np.cumsum([0, *(open_table(path).num_rows for path in paths)], dtype=np.int64)
