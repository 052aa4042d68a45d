"""Random numbers as a pure function of (seed, draw), for many seeds at once.

A row's numbers depend on nothing but its own seed: not on the batch it is in, its place there, or what was
drawn before.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from manifests.splitmix64 import GOLDEN_GAMMA, finalize, splitmix64

U64 = npt.NDArray[np.uint64]


def random_bits(seeds: U64, draws: int, stream: int = 0) -> U64:
    """64 random bits for each of ``draws`` draws of each seed: [rows] -> [rows, draws].

    The seed is mixed before the draw is added, so that seeds may be consecutive or a multiple of each other.
    Different ``stream`` numbers give independent draws of the same seed.
    """
    state = finalize(splitmix64(seeds) ^ np.uint64(stream))
    return finalize(state[:, None] + GOLDEN_GAMMA * np.arange(1, draws + 1, dtype=np.uint64))


def random_integers(seeds: U64, high: int) -> npt.NDArray[np.int64]:
    """int64 [n]: an integer of 1 to ``high`` (below 2**32) for each seed (uint64 [n]), uniform to one part in
    2**32 / high."""
    return ((random_bits(seeds, 1)[:, 0] >> np.uint64(32)) * np.uint64(high) >> np.uint64(32)).astype(
        np.int64
    ) + 1
