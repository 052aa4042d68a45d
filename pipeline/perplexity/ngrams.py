"""N-gram counting by sorting integers: each n-gram type is a row that points at its prefix and its suffix in the order below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UNKNOWN, BEGIN, END = 0, 1, 2
SPECIAL = 3
_NONE = np.uint32(0xFFFFFFFF)

UInt32 = npt.NDArray[np.uint32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ngrams:
    """The types of one order, sorted by (prefix, word).

    ``prefix`` and ``suffix`` [types] are the rows, in the order below, of the n-gram without its last and without its first word (of no
    meaning for unigrams); ``word`` [types] is the last word; ``count`` [types] how often the type occurs; ``begins`` [types] tells
    whether its first word is ``<s>``.
    """

    prefix: UInt32
    suffix: UInt32
    word: UInt32
    count: UInt32
    begins: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.word)


def count(ids: UInt32, offsets: Int64, order: int) -> tuple[UInt32, list[Ngrams]]:
    """Counts all n-grams of up to ``order`` words in sentences ``<s> w1 .. wk </s>``.

    Args:
        ids: words [words] of all sentences.
        offsets: [sentences + 1]; sentence i is ``ids[offsets[i]:offsets[i + 1]]``.

    Returns:
        The words: ``words[w - 3]`` is the id of word ``w`` (0, 1 and 2 are ``<unk>``, ``<s>`` and ``</s>``); and one table an order.
    """
    words, dense = np.unique(ids, return_inverse=True)
    stream = _sentences(dense, offsets)
    tables = [_unigrams(stream, len(words) + SPECIAL)]
    rank = stream.copy()
    for n in range(2, order + 1):
        table, rank = _extend(tables[-1], rank, stream, n)
        tables.append(table)
    return words, tables


def _sentences(dense: npt.NDArray[np.intp], offsets: Int64) -> UInt32:
    """One stream ``<s> w .. w </s> <s> w ..`` of the dense words."""
    lengths = np.diff(offsets)
    begins = offsets[:-1] - offsets[0] + 2 * np.arange(len(lengths))
    stream = np.empty(len(dense) + 2 * len(lengths), np.uint32)
    inner = np.ones(len(stream), np.bool_)
    inner[begins] = inner[begins + lengths + 1] = False
    stream[begins] = BEGIN
    stream[begins + lengths + 1] = END
    stream[inner] = dense + SPECIAL
    return stream


def _unigrams(stream: UInt32, types: int) -> Ngrams:
    word = np.arange(types, dtype=np.uint32)
    nowhere = np.zeros(types, np.uint32)
    return Ngrams(nowhere, nowhere, word, np.bincount(stream, minlength=types).astype(np.uint32), word == BEGIN)


def _extend(below: Ngrams, rank: UInt32, stream: UInt32, n: int) -> tuple[Ngrams, UInt32]:
    """Appends a word to every n-1-gram token. ``rank`` [positions] is the row of the n-1-gram that starts at a position, or ``_NONE``."""
    starts = np.flatnonzero(rank != _NONE).astype(np.uint32)
    starts = starts[stream[starts + (n - 2)] != END]
    keys = rank[starts].astype(np.uint64) << np.uint64(32) | stream[starts + (n - 1)]
    order = np.argsort(keys)
    keys, starts = keys[order], starts[order]
    del order
    first = np.ones(len(keys), np.bool_)
    first[1:] = keys[1:] != keys[:-1]
    extended = np.full(len(stream), _NONE)
    extended[starts] = np.cumsum(first, dtype=np.uint32) - np.uint32(1)
    row = np.flatnonzero(first)
    prefix = (keys[row] >> np.uint64(32)).astype(np.uint32)
    table = Ngrams(
        prefix=prefix,
        suffix=rank[starts[row] + 1],
        word=keys[row].astype(np.uint32),
        count=np.diff(row, append=len(keys)).astype(np.uint32),
        begins=below.begins[prefix],
    )
    return table, extended
