"""SplitMix64 (Steele, Lea and Flood 2014): every pseudo-random choice is a hash of what it is for, never a
generator with a state."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

UInt64 = npt.NDArray[np.uint64]

GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def splitmix64(values: npt.ArrayLike) -> UInt64:
    """A bijection of uint64 whose outputs look independent; for arrays of any shape, and for one number."""
    with np.errstate(over="ignore"):  # numpy warns of the overflow of single numbers, which is meant
        return finalize(np.asarray(values, np.uint64) + GOLDEN_GAMMA)


def finalize(state: UInt64) -> UInt64:
    """The output for a state of the generator; an array is changed in place."""
    state ^= state >> np.uint64(30)
    state *= np.uint64(0xBF58476D1CE4E5B9)
    state ^= state >> np.uint64(27)
    state *= np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    return state
