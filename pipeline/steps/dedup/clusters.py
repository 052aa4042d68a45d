"""From similar pairs to survivors: each document's verdict, best rank first.

A document is dropped for one that stays, and only if the two are similar. So documents are judged from the
best rank on: a document goes if one of the better documents that it is similar to stays, else it stays. (That
is the greedy independent set of the graph of similar pairs, where connected components would drop a whole
chain of documents for its first one, which the last may have nothing in common with.) The verdict depends on
better documents alone, so that an index gives the verdicts of a joint run.

Documents are named by rank; a file of survivors is uint64 [documents]: for each rank the one that it is
dropped for, itself where it stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.runtime.npy_files import created
from pipeline.steps.dedup.dedup_index import Index, indexed_survivors
from pipeline.steps.dedup.document_ids import DocumentIds, Sketches
from pipeline.steps.dedup.group_files import (
    RANK,
    blocks,
    pairs_of,
    ranks_of,
    sorted_pairs_of,
    survivors_of,
)
from pipeline.steps.dedup.pairs import BLOCK, millionths
from pipeline.text.arrow.kernel import kernel
from pipeline.text.similarity.one_permutation import compare


@dataclass(frozen=True)
class WriteOriginals:
    """Points each document at the best one of the same hash, itself where it is that. The file is
    memory-mapped."""

    documents: int
    pairs: tuple[Path, ...]

    def __call__(self, index: int, path: Path) -> None:
        originals = created(path, RANK, (self.documents,))
        for begin, end in blocks(self.documents):
            originals[begin:end] = np.arange(begin, end, dtype=RANK)
        for file in self.pairs:
            pairs = pairs_of(file, self.documents)
            originals[pairs["second"]] = pairs["first"]


@dataclass(frozen=True)
class WriteSurvivors:
    """Judges all documents, best rank first, by the files of ``VerifyPairs``, in their order.

    A document whose similar better ones are all dropped is compared with those that they are dropped for:
    where thousands share a template, it may have met none of the ones that stay.

    ``originals``: a document with an equal one has its verdict. ``indexes``: earlier runs, whose documents
    keep the survivors that they have. Memory: 32 MB of sketches; the file is memory-mapped.
    """

    all_ids: DocumentIds
    ranks: Path
    originals: Path
    pairs: tuple[Path, ...]
    similarity: float
    indexes: tuple[Index, ...] = ()

    def __call__(self, index: int, path: Path) -> None:
        originals = survivors_of(self.originals, self.all_ids.documents)
        survivors, old = created(path, RANK, originals.shape), 0
        for begin, end in blocks(len(originals)):
            survivors[begin:end] = originals[begin:end]
        for known in indexed_survivors(self.indexes):
            survivors[old : old + len(known)] = known
            old += len(known)
        sketches = Sketches(self.all_ids)
        documents = ranks_of(self.ranks, self.all_ids.documents)[1]
        for file in self.pairs:
            for block in _blocks(sorted_pairs_of(file, self.all_ids.documents)):
                first, second = (np.ascontiguousarray(block[side]) for side in ("first", "second"))
                met = _to_compare(first, second, survivors)
                judge(
                    first, second, survivors, met, sketches.take(documents[met]), millionths(self.similarity)
                )
        for begin, end in blocks(len(originals)):
            own = originals[max(begin, old) : end]
            survivors[end - len(own) : end] = survivors[own]


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
        first, second: uint64 [pairs], sorted by ``second``, then by ``first``.
        survivors: uint64 [documents], final for all documents below the first ``second``.
        met: uint64 [n], ascending, and ``sketches`` uint8 [n, BINS]: those of ``_to_compare``.
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
    survivor of the index counts with those of this run that are dropped for it. The file is memory-mapped."""

    survivors: Path
    old: int

    def __call__(self, index: int, path: Path) -> None:
        survivors = survivors_of(self.survivors, None)
        sizes = created(path, "<u4", survivors.shape)
        for begin, end in blocks(len(survivors)):
            found, counts = np.unique(survivors[max(begin, self.old) : end], return_counts=True)
            sizes[found] += counts.astype(np.uint32)
        for begin, end in blocks(self.old):
            sizes[begin:end] += sizes[begin:end] > 0


def histogram(sizes: np.ndarray) -> dict[str, int]:
    """How many clusters there are of each size above one: {"clusters/2": ...}."""
    total = Counter[int]()
    for begin, end in blocks(len(sizes)):
        found, clusters = np.unique(sizes[begin:end], return_counts=True)
        total.update(dict(zip(found.tolist(), clusters.tolist(), strict=True)))
    return {f"clusters/{size}": total[size] for size in sorted(total) if size > 1}
