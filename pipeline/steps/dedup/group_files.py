"""The files of ranks, survivors and pairs, checked: whatever is looked up by their numbers is there."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from manifests.border.file_state import FileState, state_of
from manifests.border.npy_files import mapped_array, mapped_records
from manifests.border.unsound_file import check

RANK = np.dtype("<u8")
PAIR = np.dtype([("first", RANK), ("second", RANK)])
CUT = np.dtype([("document", RANK), ("ordinal", "<u4"), ("holder", RANK)])
BLOCK = 1 << 20


def ranks_of(path: Path, documents: int | None) -> np.ndarray:
    """uint64 [2, documents]: the rank of each document, and the document of each rank.

    Raises:
        UnsoundFileError: the file holds something else.
    """
    ranks = mapped_array(path, RANK, (2, documents))
    _check_permutation(path, state_of(path))
    return ranks


@lru_cache(maxsize=1 << 10)
def _check_permutation(path: Path, state: FileState) -> None:
    size = mapped_array(path, RANK, (2, None)).shape[1]
    ranks = mapped_array(path, RANK, (2, size), below=size)
    sound = all(
        np.array_equal(ranks[0][ranks[1, begin:end]], np.arange(begin, end)) for begin, end in blocks(size)
    )
    check(sound, path, "holds no ranks: two documents have the same one")


def survivors_of(path: Path, documents: int | None) -> np.ndarray:
    """uint64 [documents]: a document by rank for each one.

    Raises:
        UnsoundFileError: the file holds something else.
    """
    survivors = mapped_array(path, RANK, (documents,))
    _check_better(path, state_of(path))
    return survivors


@lru_cache(maxsize=1 << 10)
def _check_better(path: Path, state: FileState) -> None:
    survivors = mapped_array(path, RANK, (None,))
    better = all(
        bool((survivors[begin:end] <= np.arange(begin, end, dtype=RANK)).all())
        for begin, end in blocks(len(survivors))
    )
    check(better, path, "names a document that is kept for a worse one")


def pairs_of(path: Path, documents: int) -> np.ndarray:
    """PAIR [pairs]: the better document of two, and the other one.

    Raises:
        UnsoundFileError: the file holds something else.
    """
    pairs = mapped_records(path, PAIR)
    _check_pairs(path, state_of(path), documents, False)
    return pairs


def sorted_pairs_of(path: Path, documents: int) -> np.ndarray:
    """The same, of a file that is sorted by the second of each pair."""
    pairs = mapped_records(path, PAIR)
    _check_pairs(path, state_of(path), documents, True)
    return pairs


@lru_cache(maxsize=1 << 12)
def _check_pairs(path: Path, state: FileState, documents: int, in_order: bool) -> None:
    pairs = mapped_records(path, PAIR)
    first, second = pairs["first"], pairs["second"]
    inside = max(int(first.max(initial=0)), int(second.max(initial=0))) < documents
    check(inside, path, "names a document that is not there")
    if in_order:
        check(bool((first < second).all()), path, "names a pair whose first document is not the better one")
        check(bool((second[1:] >= second[:-1]).all()), path, "is not sorted by the worse document")


def cuts_of(path: Path, documents: int) -> np.ndarray:
    """CUT [cuts], sorted by document and ordinal.

    Raises:
        UnsoundFileError: the file holds something else.
    """
    cuts = mapped_records(path, CUT)
    _check_cuts(path, state_of(path), documents)
    return cuts


@lru_cache(maxsize=1 << 12)
def _check_cuts(path: Path, state: FileState, documents: int) -> None:
    cuts = mapped_records(path, CUT)
    inside = all(int(cuts[name].max(initial=0)) < documents for name in ("document", "holder"))
    check(inside, path, "names a document that is not there")
    ordered = cuts["document"]
    check(bool((ordered[1:] >= ordered[:-1]).all()), path, "is not sorted by document")


def blocks(size: int) -> list[tuple[int, int]]:
    """Borders of pieces of ``BLOCK`` numbers."""
    return [(begin, min(begin + BLOCK, size)) for begin in range(0, size, BLOCK)]
