"""N-gram counting by counting sorts: each n-gram type is a row that points at its prefix and its suffix in
the order below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.text.arrow.intrinsics import prefetch
from pipeline.text.arrow.kernel import inlined, kernel

UNKNOWN, BEGIN, END = 0, 1, 2
SPECIAL = 3
_NONE = np.uint32(0xFFFFFFFF)
# So many positions before its turn a place is fetched: memory latency is what counting costs.
_AHEAD = 16

UInt32 = npt.NDArray[np.uint32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ngrams:
    """The types of one order, sorted by (prefix, word).

    ``prefix`` and ``suffix`` [types] are the rows, in the order below, of the n-gram without its last and
    without its first word (of no meaning for unigrams); ``word`` [types] is the last word; ``count`` [types]
    how often the type occurs; ``begins`` [types] tells whether its first word is ``<s>``.
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
        The words: ``words[w - 3]`` is the id of word ``w`` (0, 1 and 2 are ``<unk>``, ``<s>`` and ``</s>``);
            and one table an order.
    """
    known = np.bincount(ids)
    words = np.flatnonzero(known).astype(np.uint32)
    dense = np.zeros(len(known), np.uint32)
    dense[words] = np.arange(SPECIAL, SPECIAL + len(words), dtype=np.uint32)
    stream = _sentences(dense[ids], offsets)
    tables = [_unigrams(stream, len(words) + SPECIAL)]
    by_word, rank = _positions(stream, tables[0].count), stream
    for n in range(2, order + 1):
        prefix, suffix, word, times, rank = _extend(stream, by_word, rank, tables[-1].count, n)
        tables.append(Ngrams(prefix, suffix, word, times, tables[-1].begins[prefix]))
    return words, tables


def _sentences(dense: UInt32, offsets: Int64) -> UInt32:
    """One stream ``<s> w .. w </s> <s> w ..`` of the words."""
    lengths = np.diff(offsets)
    begins = offsets[:-1] - offsets[0] + 2 * np.arange(len(lengths))
    stream = np.empty(len(dense) + 2 * len(lengths), np.uint32)
    inner = np.ones(len(stream), np.bool_)
    inner[begins] = inner[begins + lengths + 1] = False
    stream[begins] = BEGIN
    stream[begins + lengths + 1] = END
    stream[inner] = dense
    return stream


def _unigrams(stream: UInt32, types: int) -> Ngrams:
    word = np.arange(types, dtype=np.uint32)
    nowhere = np.zeros(types, np.uint32)
    return Ngrams(
        nowhere, nowhere, word, np.bincount(stream, minlength=types).astype(np.uint32), word == BEGIN
    )


@kernel
def _positions(stream: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The positions [words] of a stream, sorted by word and then by place; ``counts`` [types]: how often each
    word occurs."""
    cursor = (np.cumsum(counts) - counts).astype(np.uint32)
    positions = np.empty(len(stream), np.uint32)
    for place in range(len(stream)):
        word = stream[place]
        positions[cursor[word]] = place
        cursor[word] += np.uint32(1)
    return positions


@inlined
def _fetch(rank: np.ndarray, stream: np.ndarray, start: np.int64, n: int) -> None:
    """Asks for what ``_extend`` reads of the n-gram that begins at a position, which may be anywhere."""
    prefetch(rank, start)
    prefetch(stream, start + n - 1)


@kernel
def _extend(
    stream: np.ndarray, by_word: np.ndarray, rank: np.ndarray, counts: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Appends a word to every n-1-gram.

    The positions are dealt by their n-1-gram in the order of the words that follow: a radix sort whose pass
    over the words serves all orders.

    Args:
        stream, by_word: the words, and their positions sorted by word.
        rank: the row of the n-1-gram that begins at a position, or ``_NONE``. ``counts``: how often each
            n-1-gram occurs.

    Returns:
        prefix, suffix, word and count of each n-gram (see ``Ngrams``), and the row of the n-gram that begins
        at each position.
    """
    first = (np.cumsum(counts) - counts).astype(np.uint32)
    cursor, starts = first.copy(), np.empty(len(stream), np.uint32)
    total, final = 0, len(stream) - 1
    for index in range(len(by_word)):
        _fetch(rank, stream, np.int64(by_word[min(index + _AHEAD, final)]) - (n - 1), n)
        start = np.int64(by_word[index]) - (n - 1)
        if start < 0 or rank[start] == _NONE or stream[start + n - 2] == END:
            continue
        row = rank[start]
        starts[cursor[row]] = start
        cursor[row] += np.uint32(1)
        total += 1
    prefix, suffix, word, times = np.empty((4, total), np.uint32)
    extended = np.full(len(stream), _NONE)
    types = -1
    for row in range(len(counts)):
        before = np.int64(-1)
        for place in range(first[row], cursor[row]):
            soon = np.int64(starts[min(place + _AHEAD, final)])
            _fetch(rank, stream, soon, n)
            prefetch(extended, soon)
            start = np.int64(starts[place])
            added = np.int64(stream[start + n - 1])
            if added != before:
                types += 1
                prefix[types], suffix[types], word[types], times[types] = row, rank[start + 1], added, 0
                before = added
            times[types] += np.uint32(1)
            extended[start] = types
    size = types + 1
    return prefix[:size].copy(), suffix[:size].copy(), word[:size].copy(), times[:size].copy(), extended
