"""Instruction records that are nearly others, found as dedup finds documents: MinHash bands, then sketches.

A record is compared by all that its templates use, question and answer, and not by the prompts, in which all
records of a task have the template in common.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.dedup import DedupSettings
from pipeline.steps.dedup.pairs import millionths
from pipeline.steps.dedup.shuffle import bucket_pairs
from pipeline.steps.shards.token_gather import Columns
from pipeline.text.arrow.kernel import kernel
from pipeline.text.similarity.minhash import band_keys, fingerprints, permutations
from pipeline.text.similarity.one_permutation import BINS, agreement

Bools = npt.NDArray[np.bool_]
UInt64 = npt.NDArray[np.uint64]
BLOCK = 1 << 14


def record_keys(texts: pa.Array, first: Bools, settings: DedupSettings) -> tuple[pa.Array, pa.Array]:
    """The bands and the sketch of each record, binary [pairs] each; null but in the ``first`` pair of each.
    ``texts`` string [pairs]."""
    parameters = permutations(settings.bands * settings.rows, settings.seed)
    rows = np.flatnonzero(first)
    some = pc.fill_null(texts.take(pa.array(rows)), "")
    found, sketches = fingerprints(some, parameters, settings.shingle_words, settings.shingle_characters)
    keys = band_keys(found, settings.bands, settings.rows)
    index = np.full(len(first), -1)
    index[rows] = np.arange(len(rows))
    picked = pa.array(index, mask=index < 0)
    return _as_binary(keys).take(picked), _as_binary(sketches).take(picked)


def _as_binary(table: npt.NDArray[np.generic]) -> pa.BinaryArray:
    """The bytes of each row."""
    width = pa.binary(table.shape[1] * table.itemsize)
    data = pa.py_buffer(np.ascontiguousarray(table))
    return pa.FixedSizeBinaryArray.from_buffers(width, len(table), [None, data]).cast(pa.binary())


def near_duplicates(
    encoded: Columns, task: npt.NDArray[np.int32], use: npt.NDArray[np.int8], key: UInt64, similarity: float
) -> Bools:
    """Pairs [pairs] of records that are nearly a better one of their task, or nearly one of any task that is
    held out. Better are those that are held out, then those with the lower ``key``.

    Args:
        task, use, key: [pairs]; ``use`` is 0 for rejected, 1 for training, more for those that are held out.

    Memory: 60 bytes a pair, and 32 MB of sketches.
    """
    first = pc.is_valid(encoded.column("bands")).to_numpy()
    record = np.cumsum(first) - 1
    lead = np.flatnonzero(first)
    best = np.zeros(len(lead), np.int8)
    np.maximum.at(best, record, use)
    order = np.lexsort((lead, key[lead], -best))
    order = order[best[order] > 0]
    rank = np.full(len(lead), len(order), np.uint32)
    rank[order] = np.arange(len(order))
    met = _candidates(encoded, rank, len(order))
    pairs = order[np.stack([met >> np.uint64(32), met & np.uint64(0xFFFFFFFF)]).astype(np.int64)]
    pairs = pairs[:, (task[lead[pairs[0]]] == task[lead[pairs[1]]]) | (best[pairs[0]] > 1)]
    alike = np.concatenate([np.empty(0, bool), *_verified(encoded, lead[pairs], similarity)])
    return np.asarray(_dropped(pairs[:, alike], len(lead))[record])


def _candidates(encoded: Columns, rank: npt.NDArray[np.uint32], ranked: int) -> UInt64:
    """Pairs of ranks that share a band, ``better << 32 | worse``, ascending by the worse."""
    known = rank < ranked
    keys = [_band_table(batch) for batch in encoded.batches()]
    width = max((table.shape[1] for table in keys), default=0)
    found = [np.empty(0, np.uint64)]
    for band in range(width):
        column = np.concatenate([table[:, band] for table in keys if len(table)])[known]
        order = np.lexsort((rank[known], column))
        found.append(np.unique(bucket_pairs(column[order], rank[known][order], 0)))
    pairs = np.unique(np.concatenate(found))
    return pairs[np.lexsort((pairs >> np.uint64(32), pairs & np.uint64(0xFFFFFFFF)))]


def _band_table(batch: pa.RecordBatch) -> UInt64:
    bands = batch.column("bands").drop_null()
    table = np.frombuffer(b"".join(bands.to_pylist()), np.uint64)
    return table.reshape(len(bands), -1) if len(bands) else np.empty((0, 0), np.uint64)


def _verified(encoded: Columns, pairs: npt.NDArray[np.int64], similarity: float) -> Iterator[Bools]:
    """Which pairs of rows have sketches that are alike, block by block."""
    for begin in range(0, pairs.shape[1], BLOCK):
        sides = []
        for rows in pairs[:, begin : begin + BLOCK]:
            sketches = encoded.take(["sketch"], rows)["sketch"].to_pylist()
            sides.append(np.frombuffer(b"".join(sketches), np.uint8).reshape(-1, BINS))
        equal, filled = agreement(*sides).astype(np.int64)
        yield (equal * 10**6 >= millionths(similarity) * filled) & (filled > 0)


@kernel
def _dropped(pairs: npt.NDArray[np.int64], records: int) -> Bools:
    """Which records are the second of a pair whose first stays; pairs ascend by the rank of the second."""
    gone = np.zeros(records, np.bool_)
    for pair in range(pairs.shape[1]):
        if not gone[pairs[0, pair]]:
            gone[pairs[1, pair]] = True
    return gone
