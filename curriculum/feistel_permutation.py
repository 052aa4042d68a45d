"""A pseudo-random order of any number of rows, without a table: position -> row by arithmetic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from manifests.splitmix64 import splitmix64

ROUNDS = 6


def permute(positions: NDArray[np.int64], size: int, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Maps each position in ``[0, size)`` to a row in ``[0, size)``; for one key the map is a bijection.

    A balanced Feistel network over the next power of four (Luby and Rackoff 1988), with cycle walking (Black
    and Rogaway 2002, section 4.2) for positions that land at ``size`` or beyond: fewer than four rounds of
    walking are expected.

    Args:
        positions: int64[n].
        size: number of rows, at least 1.
        keys: uint64[n], the key of each position's permutation (one per epoch).

    Raises:
        ValueError: there are no rows.
    """
    if size < 1:
        raise ValueError(f"cannot permute {size} rows")
    half = np.uint64(((size - 1).bit_length() + 1) // 2)
    limit = np.uint64(size)
    rows = _network(positions.astype(np.uint64), half, keys)
    outside = np.flatnonzero(rows >= limit)
    while outside.size:
        rows[outside] = _network(rows[outside], half, keys[outside])
        outside = outside[rows[outside] >= limit]
    return rows.astype(np.int64)


def _network(values: NDArray[np.uint64], half: np.uint64, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = values >> half, values & mask
    for index in range(ROUNDS):
        left, right = right, left ^ (splitmix64(right ^ splitmix64(keys + np.uint64(index))) & mask)
    return (left << half) | right
