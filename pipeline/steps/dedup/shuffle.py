"""The global groupings of the key files: by content hash, by band, by paragraph; every bucket is sorted by
itself.

Documents are named by their rank (``ranks``), so "the best of a group" is its minimum and no order of arrival
matters.
Memory: a part's keys while emitting, a bucket's keys while reducing (all that share one key are in one
bucket). Packed: 24 bytes a document for ``Exact``, 16 bytes a band for ``Bands``, 20 bytes a paragraph for
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
from pipeline.steps.dedup.buckets import Hashes, Ranges, gathered
from pipeline.steps.dedup.document_ids import KEYS, DocumentIds
from pipeline.steps.dedup.group_files import CUT, PAIR, cuts_of, ranks_of, survivors_of
from pipeline.steps.dedup.signatures import NO_BAND
from pipeline.text.arrow.fixed_width import byte_rows
from pipeline.text.arrow.kernel import kernel

HASH = np.dtype([("high", ">u8"), ("low", ">u8"), ("rank", "<u8")])
BAND = np.dtype([("key", "<u8"), ("rank", "<u8")])
PARAGRAPH = np.dtype([("hash", "<u8"), ("rank", "<u8"), ("ordinal", "<u4")])
NEIGHBOURS = 32


@dataclass(frozen=True)
class Emitter:
    """Base of the emitters. ``survivors``: see ``clusters``; None where all documents are kept."""

    all_ids: DocumentIds
    ranks: Path
    survivors: Path | None = None
    buckets: Hashes = field(default=Hashes(), kw_only=True)

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
        records = _shared(gathered(payloads, BAND))
        ranks, places = np.unique(records["rank"], return_inverse=True)
        order = np.lexsort((places, records["key"]))
        # Within a bucket, 32 bits tell the documents apart, and a pair is one number.
        old = int(np.searchsorted(ranks, self.old))
        pairs = np.unique(bucket_pairs(records["key"][order], places[order].astype(np.uint32), old))
        result = np.empty(len(pairs), PAIR)
        result["first"] = ranks[pairs >> np.uint64(32)]
        result["second"] = ranks[pairs & np.uint64(0xFFFFFFFF)]
        return result.tobytes()


def _shared(records: np.ndarray) -> np.ndarray:
    """Those of a key that another one has, too."""
    keys = np.ascontiguousarray(records["key"])
    order = np.argsort(keys)
    same = np.zeros(len(keys) + 1, bool)
    same[1:-1] = keys[order][1:] == keys[order][:-1]
    found: np.ndarray = records[order[same[1:] | same[:-1]]]
    return found


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


@dataclass(frozen=True)
class Cuts:
    """Paragraphs to remove to ranges of numbers of their documents."""

    buckets: Ranges

    def __call__(self, index: int, path: Path) -> Iterator[tuple[int, bytes]]:
        cuts = cuts_of(path, self.buckets.total)
        return self.buckets.deal(cuts["document"], cuts)


def reduce_cuts(bucket: int, payloads: list[bytes]) -> bytes:
    """The paragraphs of one bucket: CUT, sorted."""
    cuts = gathered(payloads, CUT)
    return cuts[np.lexsort((cuts["ordinal"], cuts["document"]))].tobytes()
