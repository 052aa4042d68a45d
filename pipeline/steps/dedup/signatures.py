"""What deduplication compares documents by: one row of hashes and sizes a document, in place of its text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.dedup import DedupSettings
from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.transform import Extractor
from pipeline.steps.dedup.canonical_url import url_keys
from pipeline.steps.dedup.document_ids import KEYS
from pipeline.text.similarity.minhash import band_keys, fingerprints, permutations
from pipeline.text.similarity.one_permutation import BINS
from pipeline.text.similarity.paragraphs import paragraphs

NO_BAND = 0


def schema(bands: int) -> pa.Schema:
    """Columns of the keys of documents with so many bands; the address of a page is one more."""
    field = pa.field("bands", pa.list_(pa.uint64(), bands + 1), nullable=False)
    return KEYS.insert(KEYS.get_field_index("sketch"), field)


def is_code(batch: pa.RecordBatch) -> np.ndarray:
    """bool [documents]: program text, whose lines and runs are left alone."""
    return np.asarray(pc.fill_null(pc.equal(batch.column("language"), "code"), False))


class ComputeSignatures(Extractor):
    """Documents -> keys. ``source`` is the index of the source in the manifest; an unknown perplexity counts
    as infinite. The bands of a document without any shingle are ``NO_BAND``, and so is the last one of a
    document without an address. Pages with the same address are candidates like those of the same band, and
    as these are dropped only if they are similar: a page may have changed."""

    def __init__(self, settings: DedupSettings, sources: tuple[str, ...]) -> None:
        self._settings = settings
        self._sources = sources
        self.schema = schema(settings.bands)

    def setup(self) -> None:
        self._permutations = permutations(self._settings.bands * self._settings.rows, self._settings.seed)

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> pa.RecordBatch:
        texts, settings = batch.column("text"), self._settings
        signatures, sketches = fingerprints(
            texts, self._permutations, settings.shingle_words, settings.shingle_characters
        )
        bands = band_keys(signatures, settings.bands, settings.rows)
        bands = np.column_stack([bands, url_keys(batch.column("url"))])
        bands[~sketches.any(axis=1)] = NO_BAND
        skip = is_code(batch) if settings.paragraphs else np.ones(len(texts), bool)
        hashes, _, starts = paragraphs(texts, skip, settings.min_paragraph_characters)
        columns = {
            "id": batch.column("id"),
            "hash": batch.column("hash").cast(pa.binary(16)),
            "source": pc.index_in(batch.column("source").cast(pa.string()), pa.array(self._sources)).cast(
                pa.uint16()
            ),
            "perplexity": _perplexity(batch),
            "bytes": pc.binary_length(texts).cast(pa.int32()),
            "bands": pa.FixedSizeListArray.from_arrays(
                pa.array(bands.reshape(-1)), type=self.schema.field("bands").type
            ),
            "sketch": pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(BINS), len(texts), [None, pa.py_buffer(sketches)]
            ),
            "paragraphs": pa.ListArray.from_arrays(pa.array(starts.astype(np.int32)), pa.array(hashes)),
        }
        return pa.RecordBatch.from_arrays([columns[name] for name in self.schema.names], schema=self.schema)


def _perplexity(batch: pa.RecordBatch) -> pa.Array:
    signals = batch.column("signals")
    if signals.type.get_field_index("perplexity") < 0:
        return pa.repeat(pa.scalar(np.inf, pa.float32()), batch.num_rows)
    values = pc.struct_field(signals, "perplexity")
    return pc.if_else(pc.fill_null(pc.is_finite(values), False), values, pa.scalar(np.inf, pa.float32()))
