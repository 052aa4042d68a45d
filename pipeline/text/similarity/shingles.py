"""Shingles: the overlapping k-unit windows whose set a document is compared by, hashed to 32 bits straight
from UTF-8.

Text that is Chinese, Japanese or Korean is cut into windows of characters, other text into windows of words.
Which of the two is decided by the text (``units.is_cjk``), not by a label: a wrong label would make two
copies of one text look unrelated.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.kernel import kernel
from pipeline.text.similarity.text_units import fold_table, is_cjk, scan

_BASE = np.uint64(0x9E3779B97F4A7C15)
BLOCK = 4096


@kernel
def finalize(value: np.uint64) -> np.uint64:
    """The 64-bit finalizer of MurmurHash3 (Appleby, public domain)."""
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@kernel
def roll(units: np.ndarray, count: int, size: int, shingles: np.ndarray) -> int:
    """Hashes every window of ``size`` units by a rolling polynomial modulo 2^64, finalized, upper 32 bits.

    Fewer than ``size`` units give one window of all of them; none give none.

    Returns:
        The number of windows written to ``shingles`` (uint32).
    """
    window = np.uint64(0)
    power = np.uint64(1)
    first = min(size, count)
    for index in range(first):
        window = window * _BASE + units[index]
        power *= _BASE
    if count == 0:
        return 0
    shingles[0] = finalize(window) >> np.uint64(32)
    for index in range(first, count):
        window = window * _BASE + units[index] - units[index - size] * power
        shingles[index - size + 1] = finalize(window) >> np.uint64(32)
    return count - first + 1


@kernel
def next_shingles(
    data: np.ndarray,
    position: int,
    end: int,
    fold: np.ndarray,
    by_character: bool,
    size: int,
    units: np.ndarray,
    spans: np.ndarray,
    carried: int,
    shingles: np.ndarray,
) -> tuple[int, int, int]:
    """The shingles of a text's next block, so that memory does not grow with the document.

    Args:
        units: uint64 [BLOCK + size], its first ``carried`` entries left by the call before; ``spans``: int64
            [2, BLOCK + size].
        shingles: uint32 [BLOCK + size], receives the hashes.

    Returns:
        written: shingles in the block.
        carried: units kept for the next call.
        position: where to go on.
    """
    count, position = scan(data, position, end, fold, by_character, units, spans, carried)
    if count == carried and carried > 0:
        return 0, carried, position
    written = roll(units, count, size, shingles)
    kept = min(size - 1, count)
    units[:kept] = units[count - kept : count].copy()
    return written, kept, position


@kernel
def _shingles(
    data: np.ndarray, offsets: np.ndarray, fold: np.ndarray, words: int, characters: int
) -> tuple[np.ndarray, np.ndarray]:
    rows = offsets.size - 1
    starts = np.zeros(rows + 1, np.int64)
    hashes = np.empty(offsets[rows] - offsets[0] + rows, np.uint32)
    capacity = BLOCK + max(words, characters)
    units, spans, block = (
        np.empty(capacity, np.uint64),
        np.empty((2, capacity), np.int64),
        np.empty(capacity, np.uint32),
    )
    total = 0
    for row in range(rows):
        position, end, carried = offsets[row], offsets[row + 1], 0
        by_character = is_cjk(data, position, end, fold)
        size = characters if by_character else words
        while position < end:
            written, carried, position = next_shingles(
                data, position, end, fold, by_character, size, units, spans, carried, block
            )
            hashes[total : total + written] = block[:written]
            total += written
        starts[row + 1] = total
    return hashes[:total].copy(), starts


def shingles(texts: pa.Array, words: int = 5, characters: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """The shingle hashes of every text, in text order, repeated ones included.

    Returns:
        hashes: uint32 [shingles].
        starts: int64 [texts + 1]; those of text i are ``hashes[starts[i]:starts[i + 1]]``.
    """
    offsets, data = text_buffers(texts)
    hashes, starts = _shingles(data, offsets, fold_table(), words, characters)
    return hashes, starts
