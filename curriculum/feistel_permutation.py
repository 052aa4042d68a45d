"""A pseudo-random order of any number of rows, without a table: position -> row by arithmetic."""

from __future__ import annotations

from collections.abc import Callable

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
    return _walk(_network, positions, size, keys)


def position_of(rows: NDArray[np.int64], size: int, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The inverse of ``permute``: the position (int64[n]) that is mapped to each row.

    Raises:
        ValueError: there are no rows.
    """
    return _walk(_inverse_network, rows, size, keys)


_Network = Callable[[NDArray[np.uint64], np.uint64, NDArray[np.uint64]], NDArray[np.uint64]]


def _walk(
    network: _Network, values: NDArray[np.int64], size: int, keys: NDArray[np.uint64]
) -> NDArray[np.int64]:
    if size < 1:
        raise ValueError(f"cannot permute {size} rows")
    half = np.uint64(((size - 1).bit_length() + 1) // 2)
    limit = np.uint64(size)
    found = network(values.astype(np.uint64), half, keys)
    outside = np.flatnonzero(found >= limit)
    while outside.size:
        found[outside] = network(found[outside], half, keys[outside])
        outside = outside[found[outside] >= limit]
    return found.astype(np.int64)


def _network(values: NDArray[np.uint64], half: np.uint64, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = values >> half, values & mask
    for index in range(ROUNDS):
        left, right = right, left ^ _round(right, index, keys, mask)
    return (left << half) | right


def _inverse_network(
    values: NDArray[np.uint64], half: np.uint64, keys: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = values >> half, values & mask
    for index in reversed(range(ROUNDS)):
        left, right = right ^ _round(left, index, keys, mask), left
    return (left << half) | right


def _round(
    side: NDArray[np.uint64], index: int, keys: NDArray[np.uint64], mask: np.uint64
) -> NDArray[np.uint64]:
    return splitmix64(side ^ splitmix64(keys + np.uint64(index))) & mask
