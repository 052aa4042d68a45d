"""Candidate pairs, each once, checked by their sketches. A sketch is read where it lies and travels to the
pair, so that no key file is read more than twice, however many pairs there are:

1. by the number of the worse document (``Candidates``): its sketch is laid beside it (``AddSketches``);
2. by the number of the better one (``Halves``): the two are compared (``Compare``);
3. by the rank of the worse one (``Similar``): sorted, for judging.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from manifests.border.npy_files import mapped_records
from pipeline.steps.dedup.buckets import Ranges, gathered
from pipeline.steps.dedup.document_ids import DocumentIds, Sketches
from pipeline.steps.dedup.group_files import PAIR, RANK, pairs_of, ranks_of
from pipeline.text.similarity.one_permutation import BINS, agreement

HALF = np.dtype([*((name, RANK) for name in ("first", "second", "document")), ("sketch", "u1", BINS)])
"""``document``: number of the better one."""
BLOCK = 1 << 14
NEAR_BYTES = 1 << 26
"""Of sketches in a row of key files, in which documents are near each other."""


@dataclass(frozen=True)
class Candidates:
    """Pairs to ranges of numbers of their worse documents."""

    ranks: Path
    buckets: Ranges

    def __call__(self, index: int, path: Path) -> Iterator[tuple[int, bytes]]:
        pairs = pairs_of(path, self.buckets.total)
        documents = ranks_of(self.ranks, self.buckets.total)[1]
        return self.buckets.deal(documents[pairs["second"]], pairs)


@dataclass(frozen=True)
class AddSketches:
    """The pairs of one bucket, each once, with the sketch of the worse document: HALF. Those of documents
    near each other, which are all in a small corpus, are compared at once, and go on if they are similar."""

    ranks: Path
    all_ids: DocumentIds
    similarity: float

    def __call__(self, bucket: int, payloads: list[bytes]) -> bytes:
        pairs = gathered(payloads, PAIR)
        pairs = pairs[np.lexsort((pairs["first"], pairs["second"]))]
        fresh = np.ones(len(pairs), bool)
        fresh[1:] = pairs[1:] != pairs[:-1]
        pairs = pairs[fresh]
        documents = ranks_of(self.ranks, self.all_ids.documents)[1]
        better, worse = documents[pairs["first"]], documents[pairs["second"]]
        kept = self._going_on(better, worse)
        halves = np.empty(np.count_nonzero(kept), HALF)
        halves["first"], halves["second"] = pairs["first"][kept], pairs["second"][kept]
        halves["document"] = better[kept]
        halves["sketch"] = Sketches(self.all_ids).take(worse[kept])
        return halves.tobytes()

    def _going_on(self, better: np.ndarray, worse: np.ndarray) -> np.ndarray:
        """bool [pairs]: all but those that are compared here and differ."""
        total, sketches = self.all_ids.documents, Sketches(self.all_ids)
        ranges = Ranges(total, -(-total * BINS // NEAR_BYTES))
        near = np.flatnonzero(ranges.of(better) == ranges.of(worse))
        kept = np.ones(len(better), bool)
        for begin in range(0, len(near), BLOCK):
            block = near[begin : begin + BLOCK]
            one, other = sketches.take(better[block]), sketches.take(worse[block])
            kept[block] = _similar(one, other, self.similarity)
        return kept


@dataclass(frozen=True)
class Halves:
    """HALF to ranges of numbers of their better documents."""

    buckets: Ranges

    def __call__(self, index: int, path: Path) -> Iterator[tuple[int, bytes]]:
        halves = mapped_records(path, HALF)
        for begin in range(0, len(halves), BLOCK):
            block = np.asarray(halves[begin : begin + BLOCK])
            yield from self.buckets.deal(block["document"], block)


@dataclass(frozen=True)
class Compare:
    """The pairs of one bucket whose sketches agree in at least ``similarity`` of the bins that either fills:
    PAIR."""

    all_ids: DocumentIds
    similarity: float

    def __call__(self, bucket: int, payloads: list[bytes]) -> bytes:
        halves = gathered(payloads, HALF)
        sketches = Sketches(self.all_ids).take(halves["document"].astype(np.int64))
        found = halves[_similar(sketches, np.ascontiguousarray(halves["sketch"]), self.similarity)]
        pairs = np.empty(len(found), PAIR)
        pairs["first"], pairs["second"] = found["first"], found["second"]
        return pairs.tobytes()


def _similar(one: np.ndarray, other: np.ndarray, similarity: float) -> np.ndarray:
    """bool [pairs]: for two arrays of sketches."""
    equal, filled = agreement(one, other).astype(np.int64)
    return np.asarray(equal * 10**6 >= millionths(similarity) * filled)


def millionths(similarity: float) -> int:
    """A threshold that similarities are compared with in integers: a ratio of floats would make the border
    case depend on the processor."""
    return round(similarity * 10**6)


@dataclass(frozen=True)
class Similar:
    """Pairs to ranges of ranks of their worse documents."""

    buckets: Ranges

    def __call__(self, index: int, path: Path) -> Iterator[tuple[int, bytes]]:
        pairs = pairs_of(path, self.buckets.total)
        return self.buckets.deal(pairs["second"], pairs)


def reduce_similar(bucket: int, payloads: list[bytes]) -> bytes:
    """The pairs of one bucket, sorted by the worse document, then by the better: PAIR."""
    pairs = gathered(payloads, PAIR)
    return pairs[np.lexsort((pairs["first"], pairs["second"]))].tobytes()
