"""Which set each sample of a stage comes from, such that every set has its share at all times, to a sample or
two."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from heapq import heappop, heappush
from math import gcd, lcm

import numpy as np
from numpy.typing import NDArray

PERIOD = 10_000


class Mixture:
    """An endless sequence of set indices, addressed by sample number; every set's share is exact in the long
    run, however small.

    The sequence is made of cycles. Where the shares have a common denominator of PERIOD or less, a cycle is
    as long as fits them exactly, and all cycles are alike. Else it has PERIOD samples, each set has its share
    of them rounded down, and the samples that are left are dealt out such that over the cycles every set gets
    its share of these, too.

    Within a cycle the sequence is that of Tijdeman's chairman assignment (Discrete Mathematics 32, 1980):
    after any number n of its samples the count of each of k sets differs from ``n * weight / sum(weights)``
    by at most ``1 - 1 / (2k - 2)``. Largest-remainder quotas of every n would do as well for each n, but are
    not monotone: a set's count may fall when n grows. Cycles that are not alike add at most half of
    ``log2(k)``, rounded up.

    Args:
        shares: in proportion to those of the sets; positive.
    """

    def __init__(self, shares: Sequence[Fraction] | Sequence[int]) -> None:
        exact = [Fraction(share) / sum(shares) for share in shares]
        denominator = lcm(*(share.denominator for share in exact))
        self.period = PERIOD // denominator * denominator or PERIOD
        quotas = [divmod(share.numerator * self.period, share.denominator) for share in exact]
        self._whole = [whole for whole, _ in quotas]
        self._rest = [
            rest * (denominator // share.denominator) for (_, rest), share in zip(quotas, exact, strict=True)
        ]
        self._left = sum(self._rest) // denominator

    def samples(self, first: int, count: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The set index (int32[count]) of the samples ``first ...`` and each one's number within its set
        (int64[count])."""
        sets = np.empty(count, dtype=np.int32)
        numbers = np.empty(count, dtype=np.int64)
        for cycle in range(first // self.period, -(-(first + count) // self.period)):
            start = cycle * self.period
            here = slice(max(first, start) - start, min(first + count, start + self.period) - start)
            there = slice(start + here.start - first, start + here.stop - first)
            order, ranks = self._cycle(cycle)
            sets[there] = order[here]
            numbers[there] = np.array(self._before(cycle))[order[here]] + ranks[here]
        return sets, numbers

    def counts(self, samples: int) -> list[int]:
        """How many of the first ``samples`` samples come from each set."""
        cycle, phase = divmod(samples, self.period)
        order, _ = self._cycle(cycle)
        more = np.bincount(order[:phase], minlength=len(self._whole)).tolist()
        return [before + here for before, here in zip(self._before(cycle), more, strict=True)]

    def _before(self, cycle: int) -> list[int]:
        """Samples of each set before a cycle."""
        dealt = _dealt(cycle * self._left, self._rest)
        return [cycle * whole + more for whole, more in zip(self._whole, dealt, strict=True)]

    def _cycle(self, cycle: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        before, after = self._before(cycle), self._before(cycle + 1)
        return _order(tuple(later - earlier for earlier, later in zip(before, after, strict=True)))


def _dealt(count: int, shares: list[int]) -> list[int]:
    """How many of ``count`` each share gets: by halves, each of which has its part rounded to the nearest
    number; so none falls when ``count`` grows."""
    if len(shares) == 1:
        return [count]
    middle, whole = len(shares) // 2, sum(shares)
    first = (2 * count * sum(shares[:middle]) + whole) // (2 * whole) if whole else 0
    return _dealt(first, shares[:middle]) + _dealt(count - first, shares[middle:])


@lru_cache(maxsize=256)
def _order(weights: tuple[int, ...]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The set of each sample of a cycle, and how many of that set come before it in the cycle."""
    times = gcd(*weights)
    order = np.tile(_chairman_assignment([weight // times for weight in weights]), times)
    ranks = np.empty(len(order), dtype=np.int64)
    for index, weight in enumerate(weights):
        ranks[order == index] = np.arange(weight)
    return order, ranks


def _chairman_assignment(weights: list[int]) -> NDArray[np.int32]:
    """One period of the sequence: at each position, of the samples whose time has come, the one with the
    earliest deadline; of several, that of the first set."""
    period, scale = sum(weights), max(2 * len(weights) - 2, 1)
    sets = np.repeat(np.arange(len(weights), dtype=np.int32), weights)
    weight = np.repeat(np.array(weights), weights)
    due = 1 + scale * np.concatenate([np.arange(one) for one in weights])
    come = -(-period * due // (scale * weight)) - 1
    by_deadline = np.lexsort((sets, (scale - 2 + due) * period / weight))
    rank = np.empty(period, dtype=np.int64)
    rank[by_deadline] = np.arange(period)
    by_time = np.argsort(come)
    return sets[by_deadline][_earliest_first(rank[by_time].tolist(), come[by_time])]


def _earliest_first(ranks: list[int], come: NDArray[np.int64]) -> list[int]:
    """The lowest rank that is left at each position, of those that have come; at least one has."""
    waiting: list[int] = []
    taken, begun = [], 0
    for end in np.searchsorted(come, np.arange(len(come)), side="right").tolist():
        for rank in ranks[begun:end]:
            heappush(waiting, rank)
        begun = end
        taken.append(heappop(waiting))
    return taken
