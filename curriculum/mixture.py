"""Which set each sample of a stage comes from, such that every set is within one sample of its
proportion at all times."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

import numpy as np
from numpy.typing import NDArray

from manifests.largest_remainder import largest_remainder

PERIOD = 10_000


def weights(proportions: Sequence[Fraction]) -> list[int]:
    """Whole weights for ``proportions``: exact if their common denominator is at most PERIOD, else of PERIOD
    by largest remainder.

    Raises:
        ValueError: a proportion is too small to get a weight of at least one.
    """
    whole = sum(proportions)
    denominator = lcm(*((proportion / whole).denominator for proportion in proportions))
    result = largest_remainder(proportions, min(denominator, PERIOD))
    if min(result) < 1:
        raise ValueError(f"a proportion of {float(min(proportions) / whole):g} is less than 1 / {PERIOD}")
    return result


class Mixture:
    """An endless sequence of set indices with period ``sum(weights)``, addressed by sample number.

    The sequence is that of Tijdeman's chairman assignment (Discrete Mathematics 32, 1980): after any number n
    of samples the count of each of k sets differs from ``n * weight / sum(weights)`` by at most ``1 - 1 / (2k
    - 2)``. Largest-remainder quotas of every n would do
    as well for each n, but are not monotone: a set's count may fall when n grows.
    """

    def __init__(self, weights: Sequence[int]) -> None:
        self.weights = np.asarray(weights, dtype=np.int64)
        self.period = int(self.weights.sum())
        self._sets = _chairman_assignment(list(weights))
        self._ranks = np.empty(self.period, dtype=np.int64)
        for index in range(len(weights)):
            self._ranks[self._sets == index] = np.arange(weights[index])

    def samples(self, first: int, count: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The set index (int32[count]) of the samples ``first ...`` and each one's number within its set
        (int64[count])."""
        cycles, phases = np.divmod(np.arange(first, first + count, dtype=np.int64), self.period)
        sets = self._sets[phases]
        return sets, cycles * self.weights[sets] + self._ranks[phases]

    def counts(self, samples: int) -> list[int]:
        """How many of the first ``samples`` samples come from each set."""
        cycles, phase = divmod(samples, self.period)
        rest = np.bincount(self._sets[:phase], minlength=len(self.weights))
        return [cycles * int(weight) + int(more) for weight, more in zip(self.weights, rest, strict=True)]


def _chairman_assignment(weights: list[int]) -> NDArray[np.int32]:
    """One period of the sequence. All quantities are scaled by ``(2k - 2) * period``, so they are whole
    numbers."""
    period, scale = sum(weights), max(2 * len(weights) - 2, 1)
    credit = [0] * len(weights)  # samples due so far minus samples given
    sequence = np.empty(period, dtype=np.int32)
    for position in range(period):
        chosen, earliest = 0, float("inf")
        for index, weight in enumerate(weights):
            credit[index] += scale * weight
            deadline = ((scale - 1) * period - credit[index]) / weight
            if credit[index] >= period and deadline < earliest:
                chosen, earliest = index, deadline
        credit[chosen] -= scale * period
        sequence[position] = chosen
    return sequence
