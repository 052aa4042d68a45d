"""Finding n-grams of known texts in other texts: 13 words, or a longer run of CJK characters, as in the
decontamination of GPT-3 (Brown et al. 2020, appendix C), by rolling hashes over UTF-8.

Both sides are cut into the units of ``units``: words, and single CJK characters. What n is depends on the
n-gram alone: ``words`` units where at most half of them are CJK characters, ``characters`` where more than
half are. So an English question in a Chinese page is found, and the other way round. A known text too short
for any n-gram is looked for as a whole, provided that it has 8/13 of an n-gram's length; a shorter one is not
looked for at all. Nor are n-grams whose units have fewer than 2 bytes on average: rows of single digits and
letters are in every table.
"""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import inlined, kernel
from pipeline.text.similarity.shingles import finalize
from pipeline.text.similarity.text_units import scan

LEAST = (8, 13)
LEAST_BYTES = 2

BASE = np.uint64(0x9E3779B97F4A7C15)
_SALT = np.uint64(0xD6E8FEB86659FD93)


@kernel
def powers_of_base(size: int) -> np.ndarray:
    """uint64 [size + 1]: the hash's base to the power of 0, 1, ... ``size``, modulo 2**64."""
    powers = np.ones(size + 1, np.uint64)
    for index in range(size):
        powers[index + 1] = powers[index] * BASE
    return powers


@kernel
def prefix_hashes(units: np.ndarray, count: int, prefixes: np.ndarray) -> None:
    """Polynomial hashes of the first 0, 1, 2 ... units, from which ``window_hash`` gets those of any
    window."""
    prefixes[0] = 0
    for index in range(count):
        prefixes[index + 1] = prefixes[index] * BASE + units[index]


@inlined
def window_hash(prefixes: np.ndarray, powers: np.ndarray, first: int, size: int) -> np.uint64:
    """The hash of ``size`` units; never 0, which marks a free place."""
    polynomial = prefixes[first + size] - prefixes[first] * powers[size]
    return finalize(polynomial + np.uint64(size) * _SALT) | np.uint64(1)  # type: ignore[no-any-return]


@kernel
def item_ngrams(
    data: np.ndarray, offsets: np.ndarray, fold: np.ndarray, words: int, characters: int, anchor: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hashes and items of all n-grams and whole short items, and for each short item (length, hash of its
    first ``anchor`` units), else zeros."""
    items = offsets.size - 1
    longest = 1
    for item in range(items):
        longest = max(longest, offsets[item + 1] - offsets[item])
    units, spans = np.empty(longest + 1, np.uint64), np.empty((2, longest + 1), np.int64)
    prefixes, ends = np.empty(longest + 2, np.uint64), np.zeros(longest + 2, np.int64)
    powers = powers_of_base(max(longest, words, characters))
    capacity = 2 * (offsets[items] - offsets[0]) + items
    hashes, owners, total = np.empty(capacity, np.uint64), np.empty(capacity, np.uint32), 0
    short = np.zeros((items, 2), np.uint64)
    for item in range(items):
        count, _ = scan(data, offsets[item], offsets[item + 1], fold, False, units, spans, 0)
        prefix_hashes(units, count, prefixes)
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
                if (
                    first >= 0
                    and (2 * cjk > size) == mostly_cjk
                    and ends[last + 1] - ends[first] >= LEAST_BYTES * size
                ):
                    hashes[total], owners[total], total = (
                        window_hash(prefixes, powers, first, size),
                        item,
                        total + 1,
                    )
        cjk = np.int64((units[:count] & np.uint64(1)).sum())
        weight = cjk * words + (count - cjk) * characters
        long_enough = (
            count >= anchor
            and LEAST[1] * weight >= LEAST[0] * words * characters
            and ends[count] >= LEAST_BYTES * count
        )
        if total == before and long_enough and count < words + characters:
            hashes[total], owners[total], total = window_hash(prefixes, powers, 0, count), item, total + 1
            short[item, 0], short[item, 1] = count, window_hash(prefixes, powers, 0, anchor)
    return hashes[:total].copy(), owners[:total].copy(), short


@kernel
def item_seeds(data: np.ndarray, offsets: np.ndarray, fold: np.ndarray, size: int) -> np.ndarray:
    """Hashes of all windows of ``size`` units of all items."""
    items = offsets.size - 1
    longest = 1
    for item in range(items):
        longest = max(longest, offsets[item + 1] - offsets[item])
    units, spans, prefixes = (
        np.empty(longest + 1, np.uint64),
        np.empty((2, longest + 1), np.int64),
        np.empty(longest + 2, np.uint64),
    )
    powers = powers_of_base(size)
    hashes, total = np.empty(offsets[items] - offsets[0] + items, np.uint64), 0
    for item in range(items):
        count, _ = scan(data, offsets[item], offsets[item + 1], fold, False, units, spans, 0)
        prefix_hashes(units, count, prefixes)
        for first in range(count - size + 1):
            hashes[total], total = window_hash(prefixes, powers, first, size), total + 1
    return hashes[:total].copy()
