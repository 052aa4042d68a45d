"""A pseudo-random order of any number of rows, without a table: position -> row by arithmetic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from manifests.splitmix64 import GOLDEN_GAMMA, finalize, splitmix64

ROUNDS = 6
_POWERS = np.uint64(1) << np.arange(64, dtype=np.uint64)


def permute(
    positions: NDArray[np.int64], size: int | NDArray[np.int64], keys: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Maps each position in ``[0, size)`` to a row in ``[0, size)``; for one key the map is a bijection.

    A balanced Feistel network over the next power of four (Luby and Rackoff 1988), with cycle walking (Black
    and Rogaway 2002, section 4.2) for positions that land at ``size`` or beyond: fewer than four rounds of
    walking are expected.

    Args:
        positions: int64[n].
        size: number of rows, at least 1; int64[n], where positions are of several sets.
        keys: uint64[n], the key of each position's permutation (one per epoch).

    Raises:
        ValueError: there are no rows.
    """
    return _walk(_network, positions, size, keys)


def position_of(
    rows: NDArray[np.int64], size: int | NDArray[np.int64], keys: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """The inverse of ``permute``: the position (int64[n]) that is mapped to each row.

    Raises:
        ValueError: there are no rows.
    """
    return _walk(_inverse_network, rows, size, keys)


_Network = Callable[[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]], NDArray[np.uint64]]
"""Of values, the bits of a half, and the keys of each round: uint64[ROUNDS, n]."""


def _walk(
    network: _Network,
    values: NDArray[np.int64],
    size: int | NDArray[np.int64],
    keys: NDArray[np.uint64],
) -> NDArray[np.int64]:
    if np.min(size, initial=1) < 1:
        raise ValueError(f"cannot permute {np.min(size)} rows")
    limit = np.broadcast_to(np.asarray(size, np.uint64), values.shape)
    half = (np.searchsorted(_POWERS, limit).astype(np.uint64) + np.uint64(1)) >> np.uint64(1)
    round_keys = splitmix64(keys + np.arange(ROUNDS, dtype=np.uint64)[:, None])
    found = network(values.astype(np.uint64), half, round_keys)
    outside = np.flatnonzero(found >= limit)
    while outside.size:
        walked = network(found[outside], half[outside], round_keys[:, outside])
        found[outside] = walked
        outside = outside[walked >= limit[outside]]
    return found.astype(np.int64)


def _network(
    values: NDArray[np.uint64], half: NDArray[np.uint64], keys: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = values >> half, values & mask
    for key in keys:
        left, right = right, left ^ _round(right, key, mask)
    return (left << half) | right


def _inverse_network(
    values: NDArray[np.uint64], half: NDArray[np.uint64], keys: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = values >> half, values & mask
    for key in keys[::-1]:
        left, right = right ^ _round(left, key, mask), left
    return (left << half) | right


def _round(side: NDArray[np.uint64], key: NDArray[np.uint64], mask: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return finalize((side ^ key) + GOLDEN_GAMMA) & mask
