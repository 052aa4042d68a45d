"""From candidate pairs to clusters: verification by stored signatures, then connected components.

Documents are named by rank; a file of survivors is uint32 [documents]: for each rank the best rank of its cluster, itself where it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np

from pipeline.arrowio import open_table
from pipeline.dedup.groups import PAIR, read_records
from pipeline.dedup.keys import signature_matrix
from pipeline.dedup.ranks import save, view

BLOCK = 1 << 16


@dataclass(frozen=True)
class WriteSignatures:
    """Copies the signatures of all key files into one uint32 [documents, permutations], so that any two can be looked up.

    Memory: one part's signatures.
    """

    keys: tuple[Path, ...]
    size: int

    def __call__(self, index: int, path: Path) -> None:
        rows = sum(open_table(key).num_rows for key in self.keys)
        header = {"descr": "<u4", "fortran_order": False, "shape": (rows, self.size)}
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for key in self.keys:
                signature_matrix(open_table(key)).tofile(file)


def agreement(signatures: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """uint16 [pairs]: in how many values the signatures of documents ``first`` and ``second`` agree; 2^16 pairs are loaded at a time."""
    agreed = np.empty(len(first), np.uint16)
    for begin in range(0, len(first), BLOCK):
        block = slice(begin, begin + BLOCK)
        agreed[block] = (signatures[first[block]] == signatures[second[block]]).sum(axis=1)
    return agreed


@dataclass(frozen=True)
class Verify:
    """Keeps the candidate pairs of one bucket whose signatures agree in at least ``similarity`` of their values."""

    candidates: tuple[Path, ...]
    ranks: Path
    signatures: Path
    similarity: float

    def __call__(self, index: int, path: Path) -> None:
        pairs = read_records(self.candidates[index], PAIR)
        documents, signatures = view(self.ranks)[1], view(self.signatures)
        agreed = agreement(signatures, documents[pairs["first"]], documents[pairs["second"]])
        # Rounded up in integers: a ratio of floats would make the border case depend on the processor.
        least = -(-round(self.similarity * 10**6) * signatures.shape[1] // 10**6)
        path.write_bytes(pairs[agreed >= least].tobytes())


@numba.njit(cache=True, nogil=True)
def _root(parents: np.ndarray, rank: int) -> int:
    while parents[rank] != rank:
        parents[rank] = parents[parents[rank]]
        rank = parents[rank]
    return rank


@numba.njit(cache=True, nogil=True)
def unite(parents: np.ndarray, first: np.ndarray, second: np.ndarray) -> None:
    """Joins the sets of each pair under the lower of their roots (union-find with path halving, Tarjan and van Leeuwen 1984)."""
    for pair in range(first.size):
        one, other = _root(parents, first[pair]), _root(parents, second[pair])
        parents[max(one, other)] = min(one, other)


@numba.njit(cache=True, nogil=True)
def flatten(parents: np.ndarray) -> None:
    """Points every rank at its root."""
    for rank in range(parents.size):
        parents[rank] = _root(parents, rank)


@dataclass(frozen=True)
class WriteSurvivors:
    """Joins the pairs of all files into clusters, going on from the ``start`` file where there is one. Memory: 4 bytes a document."""

    documents: int
    pairs: tuple[Path, ...]
    start: Path | None = None

    def __call__(self, index: int, path: Path) -> None:
        parents = np.arange(self.documents, dtype=np.uint32) if self.start is None else np.array(view(self.start))
        for file in self.pairs:
            pairs = read_records(file, PAIR)
            unite(parents, np.ascontiguousarray(pairs["first"]), np.ascontiguousarray(pairs["second"]))
        flatten(parents)
        save(path, parents)


def histogram(survivors: np.ndarray) -> dict[str, int]:
    """How many clusters there are of each size above one: {"clusters/2": ...}."""
    sizes = np.bincount(np.bincount(survivors)) if len(survivors) else np.zeros(0, np.int64)
    return {f"clusters/{size}": int(sizes[size]) for size in range(2, len(sizes)) if sizes[size]}
