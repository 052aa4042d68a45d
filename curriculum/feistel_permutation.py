"""A pseudo-random order of any number of rows, without a table: position -> row by arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manifests.splitmix64 import GOLDEN_GAMMA, UInt64, finalize, splitmix64, splitmix64_of_one

ROUNDS = 6
FEW = 16
"""Values that are walked one by one: a network takes some 2 us for one, and 40 us for an array of so many."""

_POWERS = np.uint64(1) << np.arange(64, dtype=np.uint64)


def permute(positions: NDArray[np.int64], size: int | NDArray[np.int64], keys: UInt64) -> NDArray[np.int64]:
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


def position_of(rows: NDArray[np.int64], size: int | NDArray[np.int64], keys: UInt64) -> NDArray[np.int64]:
    """The inverse of ``permute``: the position (int64[n]) that is mapped to each row.

    Raises:
        ValueError: there are no rows.
    """
    return _walk(_inverse_network, rows, size, keys)


_Network = Callable[[Any, Any, Any, Callable[[Any], Any]], Any]
"""Of values, the bits of a half, the key of each round, and what mixes a half: of uint64[n], or of an int."""


def _walk(
    network: _Network,
    values: NDArray[np.int64],
    size: int | NDArray[np.int64],
    keys: UInt64,
) -> NDArray[np.int64]:
    if np.min(size, initial=1) < 1:
        raise ValueError(f"cannot permute {np.min(size)} rows")
    limit = np.broadcast_to(np.asarray(size, np.uint64), values.shape)
    half = (np.searchsorted(_POWERS, limit).astype(np.uint64) + np.uint64(1)) >> np.uint64(1)
    round_keys = splitmix64(keys + np.arange(ROUNDS, dtype=np.uint64)[:, None])
    found: UInt64 = network(values.astype(np.uint64), half, round_keys, _mixed)
    outside = np.flatnonzero(found >= limit)
    while outside.size > FEW:
        walked = network(found[outside], half[outside], round_keys[:, outside], _mixed)
        found[outside] = walked
        outside = outside[walked >= limit[outside]]
    for place in outside.tolist():
        value, most, bits = int(found[place]), int(limit[place]), int(half[place])
        its_keys = round_keys[:, place].tolist()
        while value >= most:
            value = network(value, bits, its_keys, splitmix64_of_one)
        found[place] = value
    return found.astype(np.int64)


def _network(values: Any, half: Any, keys: Any, mixed: Callable[[Any], Any]) -> Any:
    mask = (1 << half) - 1
    left, right = values >> half, values & mask
    for key in keys:
        left, right = right, left ^ (mixed(right ^ key) & mask)
    return (left << half) | right


def _inverse_network(values: Any, half: Any, keys: Any, mixed: Callable[[Any], Any]) -> Any:
    mask = (1 << half) - 1
    left, right = values >> half, values & mask
    for key in keys[::-1]:
        left, right = right ^ (mixed(left ^ key) & mask), left
    return (left << half) | right


def _mixed(state: UInt64) -> UInt64:
    """SplitMix64 of an array, which is changed in place."""
    state += GOLDEN_GAMMA
    return finalize(state)
