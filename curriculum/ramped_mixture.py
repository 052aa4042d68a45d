"""Which set each sample comes from while the shares change: each set has what is due to it at all times, to a
sample or two, and any sample is found without going through those before it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil, isqrt, lcm

import numpy as np
from numpy.typing import NDArray

UNIT = 1 << 12
"""Samples that are due are whole numbers of this part, so that they are the same on every machine."""

MOST_SAMPLES = 1 << 18
"""Of a row: products of two of them, in UNITs, fit 64 bits."""

Point = tuple[Fraction, tuple[Fraction, ...]]
"""Tokens, and the samples of each set in a token there."""


@dataclass(frozen=True)
class _Piece:
    """The time between two points, in ``steps`` rows that are as long (None: without end). By set, the
    samples due at row j are ``(c + a * j + b * j ** 2) // d`` UNITs, which is rounded to the nearest."""

    steps: int | None
    due: tuple[tuple[int, int, int, int], ...]

    def units(self, one: int, row: int) -> int:
        c, a, b, d = self.due[one]
        return (c + (a + b * row) * row) // d

    def reads(self, low: int, high: int) -> bool:
        return any(a or b for _, a, b, _ in self.due[low:high])


class RampedMixture:
    """An endless sequence of set indices, addressed by sample number. Between two points the shares change
    evenly with the tokens read, and after the last one they stay.

    The sets are halved, and halved again. Each half gets of the samples of both what it is due, rounded to
    the nearest; what it is due of the first m samples of both is a function of m, which is made of straight
    lines between rows. So no count ever falls, and after any number of samples the count of each of k sets
    differs from what is due to it by at most half of ``log2(k)``, rounded up, and a twentieth, by which the
    lines may differ from the curve.

    Args:
        points: the first is where the sequence begins.
    """

    def __init__(self, points: Sequence[Point]) -> None:
        self._sets = len(points[0][1])
        due = (Fraction(0),) * self._sets
        pieces = []
        for (start, rates), (end, later) in pairwise(points):
            length = end - start
            samples = length * max(sum(rates), sum(later))
            rows = max(2 * isqrt(ceil(samples)) + 1, ceil(samples / MOST_SAMPLES))
            pieces.append(_piece(due, rates, later, length, rows, rows))
            due = tuple(
                before + length * (one + two) / 2 for before, one, two in zip(due, rates, later, strict=True)
            )
        last = points[-1][1]
        pieces.append(_piece(due, last, last, MOST_SAMPLES / sum(last, Fraction()), 1, None))
        self._splits = {
            (low, high): _Split(pieces, low, high) for low, high in _halves(0, self._sets) if high - low > 1
        }

    def samples(self, first: int, count: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The set index (int32[count]) of the samples ``first ...`` and each one's number within its set
        (int64[count])."""
        sets, numbers = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int64)
        for index, counts in enumerate(self._counts(np.arange(first, first + count + 1))):
            mine = np.flatnonzero(np.diff(counts))
            sets[mine], numbers[mine] = index, counts[mine]
        return sets, numbers

    def counts(self, samples: int) -> list[int]:
        """How many of the first ``samples`` samples come from each set."""
        return [int(counts[0]) for counts in self._counts(np.array([samples]))]

    def _counts(self, samples: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        found = {(0, self._sets): samples}
        for (low, high), split in self._splits.items():
            both = found.pop((low, high))
            found[low, split.middle] = split.first(both)
            found[split.middle, high] = both - found[low, split.middle]
        return [found[index, index + 1] for index in range(self._sets)]


class _Split:
    """How the samples of the sets ``low .. high - 1`` are shared by their two halves."""

    def __init__(self, pieces: list[_Piece], low: int, high: int) -> None:
        self._low, self.middle, self._high = low, (low + high) // 2, high
        # Where the sets have no share time stands still for them.
        self._pieces = [piece for piece in pieces if piece.reads(low, high)]
        self._starts = [0, *accumulate(piece.steps or 0 for piece in self._pieces)]
        endless = not self._pieces or self._pieces[-1].steps is None
        self._last = None if endless else self._starts[-1]

    def first(self, both: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of the first ``both`` (int64[n], which never falls) samples of both, those of the first half."""
        if not self._pieces:
            return np.zeros_like(both)
        all_due, first_due = self._rows(int(both[0]) * UNIT, int(both[-1]) * UNIT)
        scaled = both * UNIT
        place = np.clip(np.searchsorted(all_due, scaled, side="right") - 1, 0, len(all_due) - 2)
        row, first_row = np.diff(all_due)[place], np.diff(first_due)[place]
        row = np.maximum(row, 1)
        within = np.minimum(scaled - all_due[place], row)
        whole, rest = np.divmod(first_due[place], UNIT)
        result: NDArray[np.int64] = whole + ((rest + UNIT // 2) * row + within * first_row) // (UNIT * row)
        return result

    def _rows(self, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What is due to both and to the first half, in UNITs, at the rows around those where ``first`` to
        ``last`` UNITs are due to both."""
        start = self._row_of(first)
        rows = [self._due(start), self._due(start + 1)]
        while rows[-1][0] <= last and start + len(rows) - 1 != self._last:
            rows.append(self._due(start + len(rows)))
        both, half = np.array(rows, dtype=np.int64).T
        return both, half

    def _row_of(self, units: int) -> int:
        """The last row, but for the very last, until which no more is due to both."""
        high = self._starts[-1] + 1 if self._last is None else self._last
        while self._last is None and self._due(high)[0] <= units:
            high = 2 * high
        return max(bisect_right(range(high), units, key=lambda row: self._due(row)[0]) - 1, 0)

    def _due(self, row: int) -> tuple[int, int]:
        place = min(bisect_right(self._starts, row), len(self._pieces)) - 1
        piece, within = self._pieces[place], row - self._starts[place]
        halves = (range(self._low, self.middle), range(self.middle, self._high))
        first, second = (sum(piece.units(one, within) for one in half) for half in halves)
        return first + second, first


def _halves(low: int, high: int) -> list[tuple[int, int]]:
    """The ranges that a range is halved into, again and again, itself first."""
    if high - low < 2:
        return [(low, high)]
    middle = (low + high) // 2
    return [(low, high), *_halves(low, middle), *_halves(middle, high)]


def _piece(
    due: tuple[Fraction, ...],
    rates: tuple[Fraction, ...],
    later: tuple[Fraction, ...],
    length: Fraction,
    rows: int,
    steps: int | None,
) -> _Piece:
    """A piece of ``length`` tokens in ``rows`` rows, over which the rates change."""
    found = []
    for before, one, two in zip(due, rates, later, strict=True):
        terms = [
            before * UNIT + Fraction(1, 2),
            one * length / rows * UNIT,
            (two - one) * length / (2 * rows**2) * UNIT,
        ]
        whole = lcm(*(term.denominator for term in terms))
        c, a, b = (int(term * whole) for term in terms)
        found.append((c, a, b, whole))
    return _Piece(steps, tuple(found))
