"""Looking for the n-grams of ``ngrams`` in texts.

Every window looked for has at least ``least`` units. So it holds a whole run of ``seed`` units that begins at
a multiple of ``least - seed + 1``, wherever it is (q-gram sampling, Sutinen and Tarhio 1996). Only those
places of a text are looked up, in a filter of all runs of ``seed`` units of the items (Bloom 1970, with both
bits in one word: Putze, Sanders and Singler 2007). Windows are hashed around the few places alone that are in
it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.text.arrow.kernel import inlined, kernel
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.contamination.hash_table import find
from pipeline.text.contamination.ngrams import powers_of_base, prefix_hashes, window_hash
from pipeline.text.similarity.shingles import BLOCK
from pipeline.text.similarity.text_units import scan

ANCHOR = 0xFFFFFFFF


class Tables(NamedTuple):
    """What is looked for.

    Attributes:
        table: uint64 [2, capacity], open addressing, at most two thirds full: hashes, and the number of the
            (first) item each is in, or ANCHOR for the first ``anchor`` units of an item that is looked
            for as a whole.
        maybe, seeds: uint64 [words], filters of the table's hashes and of the seeds' hashes.
        sizes: int64 [2], units in an n-gram of words and of CJK characters.
        short: int64 [lengths], the lengths of the items that are looked for as a whole.
        anchor, least, seed: units in an anchor, in the shortest window, and in a seed.
    """

    table: np.ndarray
    maybe: np.ndarray
    seeds: np.ndarray
    sizes: np.ndarray
    short: np.ndarray
    anchor: int
    least: int
    seed: int


@inlined
def _bits(filter_: np.ndarray, value: np.uint64) -> tuple[np.int64, np.uint64]:
    """A hash's word in a filter, and its two bits in it."""
    word = np.int64(value >> np.uint64(20)) & (filter_.size - 1)
    return word, np.uint64(1) << (value >> np.uint64(8) & np.uint64(63)) | np.uint64(1) << (
        value >> np.uint64(14) & np.uint64(63)
    )


@kernel
def mark(filter_: np.ndarray, hashes: np.ndarray) -> None:
    """Puts hashes into a filter, whose size is a power of two."""
    for index in range(hashes.size):
        word, bits = _bits(filter_, hashes[index])
        filter_[word] |= bits


@inlined
def _marked(filter_: np.ndarray, value: np.uint64) -> bool:
    word, bits = _bits(filter_, value)
    return filter_[word] & bits == bits  # type: ignore[no-any-return]


@inlined
def _owner(tables: Tables, value: np.uint64) -> np.int64:
    """The item a hash belongs to, or -1."""
    if not _marked(tables.maybe, value):
        return np.int64(-1)
    place = find(tables.table, value)
    return np.int64(tables.table[1, place]) if tables.table[0, place] != 0 else np.int64(-1)


@kernel_without_refcounts
def _match(
    prefixes: np.ndarray, powers: np.ndarray, first: int, room: int, tables: Tables
) -> tuple[np.int64, np.int64]:
    """The item whose n-gram or whole text begins at a unit, and its length; (-1, 0) where there is none."""
    for size in tables.sizes:
        item = _owner(tables, window_hash(prefixes, powers, first, size)) if size <= room else np.int64(-1)
        if item >= 0 and item != ANCHOR:
            return item, size
    anchor = tables.anchor
    if (
        tables.short.size == 0
        or anchor > room
        or _owner(tables, window_hash(prefixes, powers, first, anchor)) < 0
    ):
        return np.int64(-1), np.int64(0)
    for size in tables.short:
        item = _owner(tables, window_hash(prefixes, powers, first, size)) if size <= room else np.int64(-1)
        if item >= 0 and item != ANCHOR:
            return item, size
    return np.int64(-1), np.int64(0)


@kernel
def _candidates(
    prefixes: np.ndarray, powers: np.ndarray, stop: int, tables: Tables, candidates: np.ndarray
) -> int:
    """Finds the sampled places below ``stop`` whose seed is in the filter, and returns their number. No
    branch depends on the filter, so that its words are fetched side by side."""
    number = 0
    for place in range(0, stop, tables.least - tables.seed + 1):
        candidates[number] = place
        number += _marked(tables.seeds, window_hash(prefixes, powers, place, tables.seed))
    return number


@kernel
def _first_match(
    prefixes: np.ndarray, powers: np.ndarray, stop: int, count: int, tables: Tables, candidates: np.ndarray
) -> tuple[np.int64, np.int64, np.int64]:
    """Item, first unit and length of the first match that begins before unit ``stop``, else -1, 0, 0."""
    stride, checked = tables.least - tables.seed + 1, 0
    for number in range(
        _candidates(prefixes, powers, min(stop + stride - 1, count - tables.seed + 1), tables, candidates)
    ):
        place = candidates[number]
        for first in range(max(checked, place - stride + 1), min(place + 1, stop)):
            item, size = _match(prefixes, powers, first, count - first, tables)
            if item >= 0:
                return item, np.int64(first), size
        checked = place + 1
    return np.int64(-1), np.int64(0), np.int64(0)


@kernel
def first_hits(data: np.ndarray, offsets: np.ndarray, fold: np.ndarray, tables: Tables) -> np.ndarray:
    """int64 [texts, 3]: item, first byte and end byte of each text's first match, or -1."""
    longest = max(tables.sizes.max(), tables.anchor)
    for size in tables.short:
        longest = max(longest, size)
    capacity = BLOCK + longest
    units, spans, prefixes = (
        np.empty(capacity, np.uint64),
        np.empty((2, capacity), np.int64),
        np.empty(capacity + 1, np.uint64),
    )
    candidates = np.empty(capacity, np.int64)
    powers = powers_of_base(longest)
    hits = np.full((offsets.size - 1, 3), -1, np.int64)
    for row in range(offsets.size - 1):
        position, end, carried = offsets[row], offsets[row + 1], 0
        while position < end and hits[row, 0] < 0:
            count, position = scan(data, position, end, fold, False, units, spans, carried)
            prefix_hashes(units, count, prefixes)
            # Windows that would run past the block are tried again in the next one, which begins with the
            # units carried over.
            stop = count if position >= end else count - longest + 1
            item, first, size = _first_match(prefixes, powers, stop, count, tables, candidates)
            if item >= 0:
                hits[row, 0], hits[row, 1], hits[row, 2] = item, spans[0, first], spans[1, first + size - 1]
            carried = min(longest - 1, count)
            units[:carried] = units[count - carried : count].copy()
            spans[:, :carried] = spans[:, count - carried : count].copy()
    return hits


@kernel
def _append_matches(
    prefixes: np.ndarray,
    powers: np.ndarray,
    stop: int,
    count: int,
    tables: Tables,
    candidates: np.ndarray,
    out: np.ndarray,
    total: int,
) -> int:
    """Writes the hash of each match that begins before unit ``stop`` to ``out``, and returns their number."""
    stride, checked = tables.least - tables.seed + 1, 0
    for number in range(
        _candidates(prefixes, powers, min(stop + stride - 1, count - tables.seed + 1), tables, candidates)
    ):
        place = candidates[number]
        for first in range(max(checked, place - stride + 1), min(place + 1, stop)):
            item, size = _match(prefixes, powers, first, count - first, tables)
            if item >= 0:
                out[total], total = window_hash(prefixes, powers, first, size), total + 1
        checked = place + 1
    return total


@kernel
def all_hits(
    data: np.ndarray, offsets: np.ndarray, fold: np.ndarray, tables: Tables
) -> tuple[np.ndarray, np.ndarray]:
    """int64 [texts + 1], where each text's matches begin, and uint64 [matches], their hashes."""
    longest = max(tables.sizes.max(), tables.anchor)
    for size in tables.short:
        longest = max(longest, size)
    capacity = BLOCK + longest
    units, spans, prefixes = (
        np.empty(capacity, np.uint64),
        np.empty((2, capacity), np.int64),
        np.empty(capacity + 1, np.uint64),
    )
    candidates, powers = np.empty(capacity, np.int64), powers_of_base(longest)
    starts, out, total = np.zeros(offsets.size, np.int64), np.empty(2 * capacity, np.uint64), 0
    for row in range(offsets.size - 1):
        position, end, carried = offsets[row], offsets[row + 1], 0
        while position < end:
            count, position = scan(data, position, end, fold, False, units, spans, carried)
            prefix_hashes(units, count, prefixes)
            stop = count if position >= end else count - longest + 1
            if total + capacity > out.size:
                grown = np.empty(2 * (total + capacity), np.uint64)
                grown[:total] = out[:total]
                out = grown
            total = _append_matches(prefixes, powers, stop, count, tables, candidates, out, total)
            carried = min(longest - 1, count)
            units[:carried] = units[count - carried : count].copy()
            spans[:, :carried] = spans[:, count - carried : count].copy()
        starts[row + 1] = total
    return starts, out[:total].copy()


@kernel
def pass_over(table: np.ndarray, hashes: np.ndarray) -> None:
    """Sees to it that the hashes are no match any more."""
    for index in range(hashes.size):
        place = find(table, hashes[index])
        if table[0, place] != 0:
            table[1, place] = ANCHOR


@kernel
def owners_of(table: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """int64 [hashes]: the item that each belongs to; -1 where it is none that is looked for."""
    owners = np.full(hashes.size, -1, np.int64)
    for index in range(hashes.size):
        place = find(table, hashes[index])
        if table[0, place] != 0 and table[1, place] != ANCHOR:
            owners[index] = table[1, place]
    return owners
