"""One-permutation sketches (Li, Owen and Zhang 2012): what similarity is measured by once two documents have
met.

The 32-bit hash space is cut into ``BINS`` equal bins and the lowest hash of a set in each bin is kept, as one
byte (b-bit minwise hashing, Li and König 2010): 0 for an empty bin, else 1 to 255. The share of equal bins
among those that either set fills estimates the Jaccard similarity J with a standard deviation of at most
sqrt(J (1 - J) / BINS), for sets of fewer hashes than bins far less: .018 at J = .8, as 512 permutations would
give it, at the cost of one. Two different hashes have the same byte once in 255 times, which adds (1 - J) /
255.
"""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import kernel

BINS = 512
_SHIFT = np.uint32(32 - 9)
_NONE = np.uint32(0xFFFFFFFF)
_MIX = np.uint32(0x9E3779B1)


@kernel
def lower_bins(hashes: np.ndarray, count: int, minima: np.ndarray) -> None:
    """Takes ``hashes[:count]`` (uint32, well mixed) into the lowest hash of each bin (uint32 [BINS], all ones
    where there is none)."""
    for index in range(count):
        place = hashes[index] >> _SHIFT
        minima[place] = min(minima[place], hashes[index])


@kernel
def seal(minima: np.ndarray, sketch: np.ndarray) -> None:
    """Writes the bytes of ``minima`` to ``sketch`` (uint8 [BINS]) and empties the bins for the next set."""
    for place in range(BINS):
        # Multiplied, for the low bits of a minimum are those of its hash, the high ones those of its bin.
        byte = (np.uint32(minima[place] * _MIX) >> np.uint32(8)) % np.uint32(255)
        sketch[place] = 0 if minima[place] == _NONE else byte + 1
        minima[place] = _NONE


@kernel
def compare(first: np.ndarray, second: np.ndarray) -> tuple[int, int]:
    """Equal bins of two sketches (uint8 [BINS]), and bins that either fills."""
    equal, filled = 0, 0
    for place in range(BINS):
        one, other = first[place], second[place]
        equal += (one == other) & (one != 0)
        filled += (one | other) != 0
    return equal, filled


@kernel
def agreement(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How alike sketches are, row by row.

    Args:
        first, second: uint8 [pairs, BINS].

    Returns:
        uint16 [2, pairs]: equal bins, and bins that either fills; both 0 for two empty sets.
    """
    found = np.empty((2, first.shape[0]), np.uint16)
    for pair in range(first.shape[0]):
        found[0, pair], found[1, pair] = compare(first[pair], second[pair])
    return found
