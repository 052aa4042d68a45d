"""Random numbers as a pure function of (seed, draw), for many seeds at once.

A row's numbers depend on nothing but its own seed: not on the batch it is in, its place there, or what was
drawn before.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]

_STRIDE = np.uint64(0x9E3779B97F4A7C15)


def _mix(z: U64) -> U64:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014), in place."""
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def random_bits(seeds: U64, draws: int, stream: int = 0) -> U64:
    """64 random bits for each of ``draws`` draws of each seed: [rows] -> [rows, draws].

    The seed is mixed before the draw is added, so that seeds may be consecutive or a multiple of each other.
    Different ``stream`` numbers give independent draws of the same seed.
    """
    state = _mix(_mix(seeds + _STRIDE) ^ np.uint64(stream))
    return _mix(state[:, None] + _STRIDE * np.arange(1, draws + 1, dtype=np.uint64))


def random_integers(seeds: U64, high: int) -> npt.NDArray[np.int64]:
    """int64 [n]: an integer of 1 to ``high`` (below 2**32) for each seed (uint64 [n]), uniform to one part in
    2**32 / high."""
    return ((random_bits(seeds, 1)[:, 0] >> np.uint64(32)) * np.uint64(high) >> np.uint64(32)).astype(
        np.int64
    ) + 1
