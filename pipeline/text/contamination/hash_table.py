"""An open-addressing table of 64-bit hashes, and a number that belongs to each."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.intrinsics import prefetch
from pipeline.text.arrow.kernel import inlined, kernel
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts

# So many hashes before its turn the place of one is fetched: memory latency is what a look-up costs.
_AHEAD = 16


@inlined
def _home(value: np.uint64, mask: int) -> np.int64:
    """Where the search for a value begins."""
    return np.int64(value >> np.uint64(20)) & mask


@kernel_without_refcounts
def find(table: np.ndarray, value: np.uint64) -> np.int64:
    """The place of a value, which is not 0, in an open-addressing table uint64 [2, capacity], or that where
    it would go."""
    mask = table.shape[1] - 1
    place = _home(value, mask)
    while table[0, place] != 0 and table[0, place] != value:
        place = (place + 1) & mask
    return place  # type: ignore[no-any-return]


@kernel
def insert(table: np.ndarray, hashes: np.ndarray, owners: np.ndarray) -> None:
    """Puts hashes that are not there yet into a table."""
    keys, mask = table[0], table.shape[1] - 1
    for index in range(hashes.size):
        prefetch(keys, _home(hashes[min(index + _AHEAD, hashes.size - 1)], mask))
        place = find(table, hashes[index])
        if table[0, place] == 0:
            table[0, place], table[1, place] = hashes[index], owners[index]


@kernel
def number_hashes(hashes: np.ndarray, owners: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers the distinct hashes in the order in which they appear.

    Args:
        hashes: uint64 [n-grams], none 0. ``owners``: uint32 [n-grams], the item of each, ascending.

    Returns:
        int32 [n-grams], the number of each; and for each distinct hash int32 the row where it appears first,
        and int32 its items.
    """
    capacity = 64
    while capacity < 2 * hashes.size:
        capacity *= 2
    table = np.zeros((2, capacity), np.uint64)
    number, rows, items = (
        np.empty(hashes.size, np.int32),
        np.empty(hashes.size, np.int32),
        np.empty(hashes.size, np.int32),
    )
    last, total = np.empty(hashes.size, np.uint32), 0
    keys, mask = table[0], table.shape[1] - 1
    for row in range(hashes.size):
        prefetch(keys, _home(hashes[min(row + _AHEAD, hashes.size - 1)], mask))
        place = find(table, hashes[row])
        if table[0, place] == 0:
            table[0, place], table[1, place] = hashes[row], total
            rows[total], items[total], last[total] = row, 1, owners[row]
            total += 1
        of = np.int64(table[1, place])
        items[of] += last[of] != owners[row]
        number[row], last[of] = of, owners[row]
    return number, rows[:total].copy(), items[:total].copy()
