"""The global groupings: packed keys go to buckets by their upper bits, and every bucket is sorted by itself.

Documents are named by their rank (``ranks``), so "the best of a group" is its minimum and no order of arrival
matters. There are so many buckets that each holds about ``BUCKET_BYTES``.
Memory: a part's keys while emitting, a bucket's keys while reducing (all that share one key are in one
bucket). Packed: 20 bytes a document for ``Exact``, 12 bytes a band for ``Bands``, 16 bytes a paragraph for
``Paragraphs``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from manifests.border.arrow_files import open_table
from manifests.border.unsound_file import check
from pipeline.steps.dedup.document_ids import KEYS, DocumentIds
from pipeline.steps.dedup.group_files import CUT, PAIR, ranks_of, survivors_of
from pipeline.steps.dedup.signatures import NO_BAND
from pipeline.text.arrow.fixed_width import byte_rows
from pipeline.text.arrow.kernel import kernel

BUCKET_BYTES = 1 << 24
HASH = np.dtype([("high", ">u8"), ("low", ">u8"), ("rank", "<u4")])
BAND = np.dtype([("key", "<u8"), ("rank", "<u4")])
PARAGRAPH = np.dtype([("hash", "<u8"), ("rank", "<u4"), ("ordinal", "<u4")])
NEIGHBOURS = 32


@dataclass(frozen=True)
class Buckets:
    """``count`` ranges of keys, of equal width."""

    count: int = 1

    def deal(self, keys: np.ndarray, records: np.ndarray) -> Iterator[tuple[int, bytes]]:
        """(bucket, its records); a record's bucket is told by the upper half of its key (uint64)."""
        if self.count == 1:
            yield 0, records.tobytes()
            return
        buckets = ((keys >> np.uint64(32)) * np.uint64(self.count) >> np.uint64(32)).astype(np.int64)
        order = np.argsort(buckets, kind="stable")
        borders = np.searchsorted(buckets[order], np.arange(self.count + 1))
        ordered = records[order]
        for bucket in np.flatnonzero(np.diff(borders)).tolist():
            yield bucket, ordered[borders[bucket] : borders[bucket + 1]].tobytes()


def bucket_count(size: int) -> int:
    """The buckets in which keys of ``size`` bytes are grouped."""
    return max(1, -(-size // BUCKET_BYTES))


def gathered(payloads: list[bytes], dtype: np.dtype) -> np.ndarray:
    """A bucket's records."""
    return np.frombuffer(b"".join(payloads), dtype)


@dataclass(frozen=True)
class Emitter:
    """Base of the emitters. ``survivors``: see ``clusters``; None where all documents are kept."""

    all_ids: DocumentIds
    ranks: Path
    survivors: Path | None = None
    buckets: Buckets = field(default=Buckets(), kw_only=True)

    def __call__(self, part: int, keys: Path) -> Iterator[tuple[int, bytes]]:
        raise NotImplementedError

    def _ranks(self, part: int) -> np.ndarray:
        return np.asarray(
            ranks_of(self.ranks, self.all_ids.documents)[
                0, self.all_ids.firsts[part] : self.all_ids.firsts[part + 1]
            ]
        )

    def _standing(self, ranks: np.ndarray) -> np.ndarray:
        assert self.survivors is not None
        return np.asarray(survivors_of(self.survivors, self.all_ids.documents)[ranks] == ranks)


class Exact(Emitter):
    """Groups documents by content hash."""

    def __call__(self, part: int, keys: Path) -> Iterator[tuple[int, bytes]]:
        ranks = self._ranks(part)
        records = np.empty(len(ranks), HASH)
        hashes = open_table(keys, KEYS, ["hash"])["hash"].combine_chunks()
        pairs = byte_rows(hashes).view(">u8")
        records["high"], records["low"], records["rank"] = pairs[:, 0], pairs[:, 1], ranks
        return self.buckets.deal(pairs[:, 0].astype(np.uint64), records)


def reduce_exact(bucket: int, payloads: list[bytes]) -> bytes:
    """Every document with a better-ranked one of the same hash: PAIR (best, this)."""
    records = gathered(payloads, HASH)
    records = records[np.lexsort((records["rank"], records["low"], records["high"]))]
    fresh = np.ones(len(records), bool)
    fresh[1:] = (records["high"][1:] != records["high"][:-1]) | (records["low"][1:] != records["low"][:-1])
    best = records["rank"][np.flatnonzero(fresh)][np.cumsum(fresh) - 1]
    pairs = np.empty(np.count_nonzero(~fresh), PAIR)
    pairs["first"], pairs["second"] = best[~fresh], records["rank"][~fresh]
    return np.sort(pairs, order=("second",)).tobytes()


class Bands(Emitter):
    """Groups the documents that are kept by their bands."""

    def __call__(self, part: int, keys: Path) -> Iterator[tuple[int, bytes]]:
        ranks = self._ranks(part)
        column = open_table(keys, columns=["bands"])["bands"].combine_chunks()
        check(pa.types.is_fixed_size_list(column.type), keys, "has no bands of one number")
        bands, size = column.flatten().to_numpy(), column.type.list_size
        use = np.repeat(self._standing(ranks), size) & (bands != NO_BAND)
        records = np.empty(np.count_nonzero(use), BAND)
        records["key"], records["rank"] = bands[use], np.repeat(ranks, size)[use]
        return self.buckets.deal(records["key"], records)


@dataclass(frozen=True)
class ReduceBands:
    """Candidate pairs, sorted and without repetition: PAIR (better, worse), the worse of the run's own (of
    rank ``old`` at least).

    Each member of a band's group is paired with the best one and with the ``NEIGHBOURS`` ranked next before
    it: all pairs in groups of ordinary size, and a linear number of them where a template has thousands of
    members.
    """

    old: int = 0

    def __call__(self, bucket: int, payloads: list[bytes]) -> bytes:
        records = gathered(payloads, BAND)
        records = records[np.lexsort((records["rank"], records["key"]))]
        pairs = np.unique(bucket_pairs(records["key"].copy(), records["rank"].copy(), self.old))
        result = np.empty(len(pairs), PAIR)
        result["first"], result["second"] = pairs >> np.uint64(32), pairs & np.uint64(0xFFFFFFFF)
        return result.tobytes()


@kernel
def bucket_pairs(keys: np.ndarray, ranks: np.ndarray, old: int) -> np.ndarray:
    """The pairs of ``ReduceBands`` as ``better << 32 | worse``, uint64; ``keys`` and ``ranks`` are sorted by
    both."""
    begin, total = 0, 0
    for member in range(keys.size):
        if keys[member] != keys[begin]:
            begin = member
        if ranks[member] >= old:
            total += min(member - begin, NEIGHBOURS + 1)
    pairs = np.empty(total, np.uint64)
    begin, total = 0, 0
    for member in range(keys.size):
        if keys[member] != keys[begin]:
            begin = member
        if ranks[member] < old:
            continue
        for place in range(min(member - begin, NEIGHBOURS + 1)):
            other = begin if place == NEIGHBOURS else member - 1 - place
            pairs[total] = np.uint64(ranks[other]) << np.uint64(32) | np.uint64(ranks[member])
            total += 1
    return pairs


class Paragraphs(Emitter):
    """Groups the paragraphs of the documents that are kept by their hash. ``ordinal`` counts a document's
    hashed paragraphs."""

    def __call__(self, part: int, keys: Path) -> Iterator[tuple[int, bytes]]:
        ranks = self._ranks(part)
        column = open_table(keys, KEYS, ["paragraphs"])["paragraphs"].combine_chunks()
        lengths = np.diff(column.offsets.to_numpy())
        hashes = column.flatten().to_numpy()
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        records = np.empty(len(hashes), PARAGRAPH)
        records["hash"], records["rank"], records["ordinal"] = (
            hashes,
            np.repeat(ranks, lengths),
            np.arange(len(hashes)) - starts,
        )
        records = records[np.repeat(self._standing(ranks), lengths)]
        return self.buckets.deal(records["hash"], records)


@dataclass(frozen=True)
class ReduceParagraphs:
    """Every paragraph of the run's own documents that is in a better-ranked one, or earlier in its own, with
    the document that holds the copy that stays: CUT, sorted."""

    ranks: Path
    old: int = 0

    def __call__(self, bucket: int, payloads: list[bytes]) -> bytes:
        records = gathered(payloads, PARAGRAPH)
        records = records[np.lexsort((records["ordinal"], records["rank"], records["hash"]))]
        first = np.ones(len(records), bool)
        first[1:] = records["hash"][1:] != records["hash"][:-1]
        again = ~first & (records["rank"] >= self.old)
        best = records["rank"][np.flatnonzero(first)][np.cumsum(first) - 1]
        documents = ranks_of(self.ranks, None)[1]
        cuts = np.empty(np.count_nonzero(again), CUT)
        cuts["document"], cuts["ordinal"] = documents[records["rank"][again]], records["ordinal"][again]
        cuts["holder"] = documents[best[again]]
        return np.sort(cuts, order=("document", "ordinal")).tobytes()
