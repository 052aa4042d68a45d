"""The global groupings: packed keys go to 256 buckets by their first byte, and every bucket is sorted by itself.

Documents are named by their rank (``ranks``), so "the best of a group" is its minimum and no order of arrival matters.
Memory: a part's keys while emitting, a bucket's keys (1/256 of all) while reducing: 20 bytes a document for ``Exact``, 12 bytes a
band for ``Bands``, 16 bytes a paragraph for ``Paragraphs``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numba
import numpy as np

from pipeline.arrowio import open_table
from pipeline.dedup.keys import signature_matrix
from pipeline.dedup.ranks import view
from pipeline.text.minhash import EMPTY, band_keys

HASH = np.dtype([("high", ">u8"), ("low", ">u8"), ("rank", "<u4")])
BAND = np.dtype([("key", "<u8"), ("rank", "<u4")])
PARAGRAPH = np.dtype([("hash", "<u8"), ("rank", "<u4"), ("ordinal", "<u4")])
PAIR = np.dtype([("first", "<u4"), ("second", "<u4")])
CUT = np.dtype([("rank", "<u4"), ("ordinal", "<u4")])
NEIGHBOURS = 32


def _by_bucket(buckets: np.ndarray, records: np.ndarray) -> Iterator[tuple[int, bytes]]:
    order = np.argsort(buckets, kind="stable")
    borders = np.searchsorted(buckets[order], np.arange(257))
    records = records[order]
    for bucket in np.flatnonzero(np.diff(borders)):
        yield int(bucket), records[borders[bucket] : borders[bucket + 1]].tobytes()


def _gather(payloads: list[bytes], dtype: np.dtype) -> np.ndarray:
    return np.frombuffer(b"".join(payloads), dtype)


@dataclass(frozen=True)
class Emitter:
    """Base of the emitters. ``firsts``: number of each part's first document. ``survivors``: see ``clusters``; None where all stand."""

    ranks: Path
    firsts: tuple[int, ...]
    survivors: Path | None = None

    def _ranks(self, part: int) -> np.ndarray:
        return np.asarray(view(self.ranks)[0, self.firsts[part] : self.firsts[part + 1]])

    def _standing(self, ranks: np.ndarray) -> np.ndarray:
        assert self.survivors is not None
        return np.asarray(view(self.survivors)[ranks] == ranks)


class Exact(Emitter):
    """Groups documents by content hash."""

    def __call__(self, part: int, keys: Path) -> Iterator[tuple[int, bytes]]:
        ranks = self._ranks(part)
        records = np.empty(len(ranks), HASH)
        hashes = open_table(keys)["hash"].combine_chunks()
        bytes_ = np.frombuffer(hashes.buffers()[1], np.uint8, 16 * len(hashes), 16 * hashes.offset)
        pairs = bytes_.view(">u8").reshape(-1, 2)
        records["high"], records["low"], records["rank"] = pairs[:, 0], pairs[:, 1], ranks
        return _by_bucket(bytes_[::16], records)


def reduce_exact(bucket: int, payloads: list[bytes]) -> bytes:
    """Every document with a better-ranked one of the same hash: PAIR (best, this)."""
    records = _gather(payloads, HASH)
    records = records[np.lexsort((records["rank"], records["low"], records["high"]))]
    fresh = np.ones(len(records), bool)
    fresh[1:] = (records["high"][1:] != records["high"][:-1]) | (records["low"][1:] != records["low"][:-1])
    best = records["rank"][np.flatnonzero(fresh)][np.cumsum(fresh) - 1]
    pairs = np.empty(np.count_nonzero(~fresh), PAIR)
    pairs["first"], pairs["second"] = best[~fresh], records["rank"][~fresh]
    return np.sort(pairs, order=("second",)).tobytes()


@dataclass(frozen=True)
class Bands(Emitter):
    """Groups the documents that stand by the bands of their signatures; documents without any shingle have no band."""

    bands: int = field(kw_only=True)
    rows: int = field(kw_only=True)

    def __call__(self, part: int, keys: Path) -> Iterator[tuple[int, bytes]]:
        ranks = self._ranks(part)
        signatures = signature_matrix(open_table(keys))
        use = self._standing(ranks) & (signatures != EMPTY).any(axis=1)
        found = band_keys(signatures[use], self.bands, self.rows).reshape(-1)
        records = np.empty(len(found), BAND)
        records["key"], records["rank"] = found, np.repeat(ranks[use], self.bands)
        return _by_bucket((found >> np.uint64(56)).astype(np.uint8), records)


def reduce_bands(bucket: int, payloads: list[bytes]) -> bytes:
    """Candidate pairs, sorted and without repetition: PAIR (better, worse).

    Each member of a band's group is paired with the ``NEIGHBOURS`` ranked next before it: all pairs in groups of ordinary size,
    and a linear number of them where a template has thousands of members.
    """
    records = _gather(payloads, BAND)
    records = records[np.lexsort((records["rank"], records["key"]))]
    pairs = np.unique(_candidates(records["key"].copy(), records["rank"].copy()))
    result = np.empty(len(pairs), PAIR)
    result["first"], result["second"] = pairs >> np.uint64(32), pairs & np.uint64(0xFFFFFFFF)
    return result.tobytes()


@numba.njit(cache=True, nogil=True)
def _candidates(keys: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    begin, total = 0, 0
    for member in range(keys.size):
        if keys[member] != keys[begin]:
            begin = member
        total += min(member - begin, NEIGHBOURS)
    pairs = np.empty(total, np.uint64)
    begin, total = 0, 0
    for member in range(keys.size):
        if keys[member] != keys[begin]:
            begin = member
        for other in range(max(begin, member - NEIGHBOURS), member):
            pairs[total] = np.uint64(ranks[other]) << np.uint64(32) | np.uint64(ranks[member])
            total += 1
    return pairs


class Paragraphs(Emitter):
    """Groups the paragraphs of the documents that stand by their hash. ``ordinal`` counts a document's hashed paragraphs."""

    def __call__(self, part: int, keys: Path) -> Iterator[tuple[int, bytes]]:
        ranks = self._ranks(part)
        column = open_table(keys)["paragraphs"].combine_chunks()
        lengths = np.diff(column.offsets.to_numpy())
        hashes = column.flatten().to_numpy()
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        records = np.empty(len(hashes), PARAGRAPH)
        records["hash"], records["rank"], records["ordinal"] = hashes, np.repeat(ranks, lengths), np.arange(len(hashes)) - starts
        records = records[np.repeat(self._standing(ranks), lengths)]
        return _by_bucket((records["hash"] >> np.uint64(56)).astype(np.uint8), records)


def reduce_paragraphs(bucket: int, payloads: list[bytes]) -> bytes:
    """Every paragraph that stands in a better-ranked document, or earlier in its own: CUT."""
    records = _gather(payloads, PARAGRAPH)
    records = records[np.lexsort((records["ordinal"], records["rank"], records["hash"]))]
    again = np.zeros(len(records), bool)
    again[1:] = records["hash"][1:] == records["hash"][:-1]
    cuts = np.empty(np.count_nonzero(again), CUT)
    cuts["rank"], cuts["ordinal"] = records["rank"][again], records["ordinal"][again]
    return np.sort(cuts, order=("rank", "ordinal")).tobytes()


def read_records(path: Path, dtype: np.dtype) -> np.ndarray:
    """A bucket's file, memory-mapped where it is not empty."""
    if path.stat().st_size == 0:
        return np.empty(0, dtype)
    return np.memmap(path, dtype, mode="r")
