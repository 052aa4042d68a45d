"""From candidate pairs to survivors: pairs checked by their sketches, then each document's verdict, best rank
first.

A document is dropped for one that stays, and only if the two are similar. So documents are judged from the
best rank on: a document goes if one of the better documents that it is similar to stays, else it stays. (That
is the greedy independent set of the graph of similar pairs, where connected components would drop a whole
chain of documents for its first one, which the last may have nothing in common with.) The verdict depends on
better documents alone, so that an index gives the verdicts of a joint run.

Documents are named by rank; a file of survivors is uint32 [documents]: for each rank the one that it is
dropped for, itself where it stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.runtime.npy_files import save
from pipeline.steps.dedup.dedup_index import Index, indexed_survivors
from pipeline.steps.dedup.document_ids import DocumentIds, Sketches
from pipeline.steps.dedup.group_files import PAIR, pairs_of, ranks_of, sorted_pairs_of, survivors_of
from pipeline.steps.dedup.shuffle import Buckets, gathered
from pipeline.text.arrow.kernel import kernel
from pipeline.text.similarity.one_permutation import agreement, compare

BLOCK = 1 << 14


@dataclass(frozen=True)
class Pairs:
    """Groups candidate pairs by the rank of the worse document: each bucket is a range of ranks, the next one
    the next."""

    documents: int
    buckets: Buckets = field(default=Buckets())

    def __call__(self, index: int, path: Path) -> Iterator[tuple[int, bytes]]:
        pairs = pairs_of(path, self.documents)
        places = (pairs["second"].astype(np.uint64) << np.uint64(32)) // np.uint64(self.documents)
        return self.buckets.deal(places << np.uint64(32), pairs)


@dataclass(frozen=True)
class VerifyPairs:
    """The pairs of one bucket, each once, whose sketches agree in at least ``similarity`` of the bins that
    either fills: PAIR, sorted by the worse document, then by the better.

    Memory: 16 MB of sketches and 24 bytes a pair.
    """

    ranks: Path
    all_ids: DocumentIds
    similarity: float

    def __call__(self, bucket: int, payloads: list[bytes]) -> bytes:
        found = gathered(payloads, PAIR)
        keys = np.unique(found["second"].astype(np.uint64) << np.uint64(32) | found["first"])
        pairs = np.empty(len(keys), PAIR)
        pairs["first"], pairs["second"] = keys & np.uint64(0xFFFFFFFF), keys >> np.uint64(32)
        documents = ranks_of(self.ranks, self.all_ids.documents)[1]
        sketches = Sketches(self.all_ids)
        kept = []
        for begin in range(0, len(pairs), BLOCK):
            block = pairs[begin : begin + BLOCK]
            sides = (sketches.take(documents[block[side]]) for side in ("first", "second"))
            equal, filled = agreement(*sides).astype(np.int64)
            kept.append(block[equal * 10**6 >= millionths(self.similarity) * filled].tobytes())
        return b"".join(kept)


def millionths(similarity: float) -> int:
    """A threshold that similarities are compared with in integers: a ratio of floats would make the border
    case depend on the processor."""
    return round(similarity * 10**6)


@dataclass(frozen=True)
class WriteOriginals:
    """Points each document at the best one of the same hash, itself where it is that. Memory: 4 bytes a
    document."""

    documents: int
    pairs: tuple[Path, ...]

    def __call__(self, index: int, path: Path) -> None:
        originals = np.arange(self.documents, dtype=np.uint32)
        for file in self.pairs:
            pairs = pairs_of(file, self.documents)
            originals[pairs["second"]] = pairs["first"]
        save(path, originals)


@dataclass(frozen=True)
class WriteSurvivors:
    """Judges all documents, best rank first, by the files of ``VerifyPairs``, in their order.

    A document whose similar better ones are all dropped is compared with those that they are dropped for:
    where thousands share a template, it may have met none of the ones that stay.

    ``originals``: a document with an equal one has its verdict. ``indexes``: earlier runs, whose documents
    keep the survivors that they have. Memory: 8 bytes a document, 8 more one of the indexes, and 32 MB of
    sketches.
    """

    all_ids: DocumentIds
    ranks: Path
    originals: Path
    pairs: tuple[Path, ...]
    similarity: float
    indexes: tuple[Index, ...] = ()

    def __call__(self, index: int, path: Path) -> None:
        originals = survivors_of(self.originals, self.all_ids.documents)
        survivors = np.array(originals)
        old = indexed_survivors(self.indexes)
        survivors[: len(old)] = old
        sketches = Sketches(self.all_ids)
        documents = ranks_of(self.ranks, self.all_ids.documents)[1]
        for file in self.pairs:
            for block in _blocks(sorted_pairs_of(file, self.all_ids.documents)):
                first, second = (np.ascontiguousarray(block[side]) for side in ("first", "second"))
                met = _to_compare(first, second, survivors)
                judge(
                    first, second, survivors, met, sketches.take(documents[met]), millionths(self.similarity)
                )
        survivors[len(old) :] = survivors[originals[len(old) :]]
        save(path, survivors)


def _blocks(pairs: np.ndarray) -> Iterator[np.ndarray]:
    """The pairs in pieces of about ``BLOCK``, all of a worse document in one."""
    seconds, begin = np.ascontiguousarray(pairs["second"]), 0
    while begin < len(pairs):
        last = seconds[min(begin + BLOCK, len(pairs)) - 1]
        end = int(np.searchsorted(seconds, last, side="right"))
        yield pairs[begin:end]
        begin = end


def _to_compare(first: np.ndarray, second: np.ndarray, survivors: np.ndarray) -> np.ndarray:
    """Ranks, ascending, of all documents that ``judge`` may have to compare in a block: none where every
    document has a similar one that is sure to stay."""
    inside = np.isin(first, second)
    stays = ~inside & (survivors[first] == first)
    worse, starts = np.unique(second, return_index=True)
    unsure = worse[~np.logical_or.reduceat(stays, starts)] if len(worse) else worse
    if not len(unsure):
        return unsure
    return np.unique(np.concatenate([unsure, survivors[first[~inside]]]))


@kernel
def judge(
    first: np.ndarray,
    second: np.ndarray,
    survivors: np.ndarray,
    met: np.ndarray,
    sketches: np.ndarray,
    least: int,
) -> None:
    """Writes the survivors of the worse documents of pairs.

    Args:
        first, second: uint32 [pairs], sorted by ``second``, then by ``first``.
        survivors: uint32 [documents], final for all documents below the first ``second``.
        met: uint32 [n], ascending, and ``sketches`` uint8 [n, BINS]: those of ``_to_compare``.
        least: similarity in millionths.
    """
    begin = 0
    for end in range(1, second.size + 1):
        if end == second.size or second[end] != second[begin]:
            survivors[second[begin]] = _survivor(
                second[begin], first[begin:end], survivors, met, sketches, least
            )
            begin = end


@kernel
def _survivor(
    document: int,
    similar: np.ndarray,
    survivors: np.ndarray,
    met: np.ndarray,
    sketches: np.ndarray,
    least: int,
) -> int:
    for other in similar:
        if survivors[other] == other:
            return int(other)
    best = document
    for other in similar:
        stays = survivors[other]
        if stays < best:
            equal, filled = compare(
                sketches[np.searchsorted(met, document)], sketches[np.searchsorted(met, stays)]
            )
            if equal * 1000000 >= least * filled:
                best = stays
    return best


@dataclass(frozen=True)
class WriteSizes:
    """Counts the documents of each cluster: uint32 [documents], by rank, 0 for a document that is dropped. A
    survivor of the index counts with those of this run that are dropped for it. Memory: 12 bytes a
    document."""

    survivors: Path
    old: int

    def __call__(self, index: int, path: Path) -> None:
        survivors = survivors_of(self.survivors, None)
        sizes = np.bincount(survivors[self.old :], minlength=len(survivors)).astype(np.uint32)
        sizes[: self.old] += sizes[: self.old] > 0
        save(path, sizes)


def histogram(sizes: np.ndarray) -> dict[str, int]:
    """How many clusters there are of each size above one: {"clusters/2": ...}."""
    found, clusters = np.unique(sizes[sizes > 1], return_counts=True)
    return {
        f"clusters/{size}": number for size, number in zip(found.tolist(), clusters.tolist(), strict=True)
    }
