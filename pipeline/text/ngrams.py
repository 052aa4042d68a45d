"""Finding n-grams of known texts in other texts: 13 words, or a longer run of CJK characters, as in the decontamination of GPT-3
(Brown et al. 2020, appendix C), by rolling hashes over UTF-8.

Both sides are cut into the units of ``units``: words, and single CJK characters. What n is depends on the n-gram alone: ``words`` units
where at most half of them are CJK characters, ``characters`` where more than half are. So an English question in a Chinese page is
found, and the other way round. A known text too short for any n-gram is looked for as a whole, provided that it has
8/13 of an n-gram's length; a shorter one is not looked for at all. Nor are n-grams whose units have fewer than 2 bytes on average:
rows of single digits and letters stand in every table.
"""

from __future__ import annotations

import numba
import numpy as np

from pipeline.text.shingles import BLOCK, finalize
from pipeline.text.units import scan

ANCHOR = 0xFFFFFFFF
LEAST = (8, 13)
LEAST_BYTES = 2

_BASE = np.uint64(0x9E3779B97F4A7C15)
_SALT = np.uint64(0xD6E8FEB86659FD93)


@numba.njit(cache=True, nogil=True)
def _powers(size: int) -> np.ndarray:
    powers = np.ones(size + 1, np.uint64)
    for index in range(size):
        powers[index + 1] = powers[index] * _BASE
    return powers


@numba.njit(cache=True, nogil=True)
def _prefixes(units: np.ndarray, count: int, prefixes: np.ndarray) -> None:
    """Polynomial hashes of the first 0, 1, 2 ... units, from which ``_window`` gets those of any window."""
    prefixes[0] = 0
    for index in range(count):
        prefixes[index + 1] = prefixes[index] * _BASE + units[index]


@numba.njit(inline="always")
def _window(prefixes: np.ndarray, powers: np.ndarray, first: int, size: int) -> np.uint64:
    """The hash of ``size`` units; never 0, which marks a free place."""
    polynomial = prefixes[first + size] - prefixes[first] * powers[size]
    return finalize(polynomial + np.uint64(size) * _SALT) | np.uint64(1)


@numba.njit(cache=True, nogil=True)
def item_ngrams(
    data: np.ndarray, offsets: np.ndarray, fold: np.ndarray, words: int, characters: int, anchor: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hashes and items of all n-grams and whole short items, and for each short item (length, hash of its first units), else zeros."""
    items = offsets.size - 1
    longest = 1
    for item in range(items):
        longest = max(longest, offsets[item + 1] - offsets[item])
    units, spans = np.empty(longest + 1, np.uint64), np.empty((2, longest + 1), np.int64)
    prefixes, ends = np.empty(longest + 2, np.uint64), np.zeros(longest + 2, np.int64)
    powers = _powers(max(longest, words, characters))
    capacity = 2 * (offsets[items] - offsets[0]) + items
    hashes, owners, total = np.empty(capacity, np.uint64), np.empty(capacity, np.uint32), 0
    short = np.zeros((items, 2), np.uint64)
    for item in range(items):
        count, _ = scan(data, offsets[item], offsets[item + 1], fold, False, units, spans, 0)
        _prefixes(units, count, prefixes)
        for index in range(count):
            ends[index + 1] = ends[index] + spans[1, index] - spans[0, index]
        before = total
        for mostly_cjk in (False, True):
            size = characters if mostly_cjk else words
            cjk = np.int64(0)
            for last in range(count):
                cjk += np.int64(units[last] & np.uint64(1))
                if last >= size:
                    cjk -= np.int64(units[last - size] & np.uint64(1))
                first = last - size + 1
                if first >= 0 and (2 * cjk > size) == mostly_cjk and ends[last + 1] - ends[first] >= LEAST_BYTES * size:
                    hashes[total], owners[total], total = _window(prefixes, powers, first, size), item, total + 1
        cjk = np.int64((units[:count] & np.uint64(1)).sum())
        weight = cjk * words + (count - cjk) * characters
        long_enough = count >= anchor and LEAST[1] * weight >= LEAST[0] * words * characters and ends[count] >= LEAST_BYTES * count
        if total == before and long_enough and count < words + characters:
            hashes[total], owners[total], total = _window(prefixes, powers, 0, count), item, total + 1
            short[item, 0], short[item, 1] = count, _window(prefixes, powers, 0, anchor)
    return hashes[:total].copy(), owners[:total].copy(), short


@numba.njit(cache=True, nogil=True)
def _find(table: np.ndarray, value: np.uint64) -> np.int64:
    """The place of a value in an open-addressing table, or that where it would go."""
    mask = table.shape[1] - 1
    place = np.int64(value >> np.uint64(20)) & mask
    while table[0, place] != 0 and table[0, place] != value:
        place = (place + 1) & mask
    return place


@numba.njit(cache=True, nogil=True)
def insert(table: np.ndarray, maybe: np.ndarray, hashes: np.ndarray, owners: np.ndarray) -> None:
    for index in range(hashes.size):
        place = _find(table, hashes[index])
        if table[0, place] == 0:
            table[0, place], table[1, place] = hashes[index], owners[index]
        word, bit = _bit(maybe, hashes[index])
        maybe[word] |= bit


@numba.njit(inline="always")
def _bit(maybe: np.ndarray, value: np.uint64) -> tuple[np.int64, np.uint64]:
    number = np.int64(value >> np.uint64(8)) & (64 * maybe.size - 1)
    return number >> 6, np.uint64(1) << np.uint64(number & 63)


@numba.njit(inline="always")
def _owner(table: np.ndarray, maybe: np.ndarray, value: np.uint64) -> np.int64:
    """The item a hash belongs to, or -1."""
    word, bit = _bit(maybe, value)
    if maybe[word] & bit == 0:
        return np.int64(-1)
    place = _find(table, value)
    return np.int64(table[1, place]) if table[0, place] != 0 else np.int64(-1)


@numba.njit(cache=True, nogil=True)
def first_hits(
    data: np.ndarray,
    offsets: np.ndarray,
    fold: np.ndarray,
    table: np.ndarray,
    maybe: np.ndarray,
    sizes: np.ndarray,
    short: np.ndarray,
    anchor: int,
) -> np.ndarray:
    longest = max(sizes.max(), anchor)
    for size in short:
        longest = max(longest, size)
    capacity = BLOCK + longest
    units, spans, prefixes = np.empty(capacity, np.uint64), np.empty((2, capacity), np.int64), np.empty(capacity + 1, np.uint64)
    powers = _powers(longest)
    hits = np.full((offsets.size - 1, 3), -1, np.int64)
    for row in range(offsets.size - 1):
        position, end, carried = offsets[row], offsets[row + 1], 0
        while position < end and hits[row, 0] < 0:
            count, position = scan(data, position, end, fold, False, units, spans, carried)
            _prefixes(units, count, prefixes)
            # Windows that would run past the block are tried again in the next one, which begins with the units carried over.
            stop = count if position >= end else count - longest + 1
            for first in range(stop):
                item, size = _match(prefixes, powers, first, count - first, table, maybe, sizes, short, anchor)
                if item >= 0:
                    hits[row, 0], hits[row, 1], hits[row, 2] = item, spans[0, first], spans[1, first + size - 1]
                    break
            carried = min(longest - 1, count)
            units[:carried] = units[count - carried : count].copy()
            spans[:, :carried] = spans[:, count - carried : count].copy()
    return hits


@numba.njit(inline="always")
def _match(
    prefixes: np.ndarray,
    powers: np.ndarray,
    first: int,
    room: int,
    table: np.ndarray,
    maybe: np.ndarray,
    sizes: np.ndarray,
    short: np.ndarray,
    anchor: int,
) -> tuple[np.int64, int]:
    """The item whose n-gram or whole text begins at a unit, and its length; (-1, 0) where there is none."""
    for size in sizes:
        item = _owner(table, maybe, _window(prefixes, powers, first, size)) if size <= room else np.int64(-1)
        if item >= 0 and item != ANCHOR:
            return item, size
    if short.size == 0 or anchor > room or _owner(table, maybe, _window(prefixes, powers, first, anchor)) < 0:
        return np.int64(-1), 0
    for size in short:
        item = _owner(table, maybe, _window(prefixes, powers, first, size)) if size <= room else np.int64(-1)
        if item >= 0 and item != ANCHOR:
            return item, size
    return np.int64(-1), 0
