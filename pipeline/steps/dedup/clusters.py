"""From candidate pairs to clusters: verification by stored sketches, then connected components.

Documents are named by rank; a file of survivors is uint32 [documents]: for each rank the best rank of its
cluster, itself where it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.runtime.npy_files import save, view
from pipeline.steps.dedup.dedup_index import Index, indexed_survivors
from pipeline.steps.dedup.document_ids import DocumentIds, Sketches
from pipeline.steps.dedup.shuffle import PAIR, read_pairs
from pipeline.text.arrow.kernel import kernel
from pipeline.text.similarity.one_permutation import agreement

BLOCK = 1 << 14


@dataclass(frozen=True)
class Verify:
    """Keeps the candidate pairs of one bucket whose sketches agree in at least ``similarity`` of the bins
    that either fills.

    Memory: 16 MB of sketches and 8 bytes a pair.
    """

    candidates: tuple[Path, ...]
    ranks: Path
    all_ids: DocumentIds
    similarity: float

    def __call__(self, index: int, path: Path) -> None:
        pairs = read_pairs(self.candidates[index], PAIR)
        documents, sketches = view(self.ranks)[1], Sketches(self.all_ids)
        with path.open("wb") as file:
            for begin in range(0, len(pairs), BLOCK):
                block = pairs[begin : begin + BLOCK]
                first, second = (
                    sketches.take(documents[block["first"]]),
                    sketches.take(documents[block["second"]]),
                )
                equal, filled = agreement(first, second).astype(np.int64)
                # In integers: a ratio of floats would make the border case depend on the processor.
                block[equal * 10**6 >= round(self.similarity * 10**6) * filled].tofile(file)


@kernel
def _root(parents: np.ndarray, rank: int) -> int:
    while parents[rank] != rank:
        parents[rank] = parents[parents[rank]]
        rank = parents[rank]
    return rank


@kernel
def unite(parents: np.ndarray, first: np.ndarray, second: np.ndarray) -> None:
    """Joins the sets of each pair under the lower of their roots (union-find with path halving, Tarjan and
    van Leeuwen 1984)."""
    for pair in range(first.size):
        one, other = _root(parents, first[pair]), _root(parents, second[pair])
        parents[max(one, other)] = min(one, other)


@kernel
def flatten(parents: np.ndarray) -> None:
    """Points every rank at its root."""
    for rank in range(parents.size):
        parents[rank] = _root(parents, rank)


@dataclass(frozen=True)
class WriteSurvivors:
    """Joins the pairs of all files into clusters, going on from the ``start`` file where there is one.

    ``indexes``: earlier runs, whose documents keep the survivors that they have. Memory: 4 bytes a document,
    8 more one of the indexes.
    """

    documents: int
    pairs: tuple[Path, ...]
    start: Path | None = None
    indexes: tuple[Index, ...] = ()

    def __call__(self, index: int, path: Path) -> None:
        parents = (
            np.arange(self.documents, dtype=np.uint32) if self.start is None else np.array(view(self.start))
        )
        old = indexed_survivors(self.indexes)
        parents[: len(old)] = old
        for file in self.pairs:
            pairs = read_pairs(file, PAIR)
            unite(parents, np.ascontiguousarray(pairs["first"]), np.ascontiguousarray(pairs["second"]))
        flatten(parents)
        # A new document may join two clusters of an index; their survivors are in a corpus that is
        # finished.
        parents[: len(old)] = old
        save(path, parents)


def histogram(survivors: np.ndarray, old: int = 0) -> dict[str, int]:
    """How many clusters there are of each size above one: {"clusters/2": ...}.

    Args:
        survivors: of the run's own documents. ``old``: documents of the index; a survivor among them is
            counted with its cluster.
    """
    roots, members = np.unique(survivors, return_counts=True)
    sizes = np.bincount(members + (roots < old)) if len(roots) else np.zeros(0, np.int64)
    return {f"clusters/{size}": int(sizes[size]) for size in range(2, len(sizes)) if sizes[size]}
