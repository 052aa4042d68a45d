"""Which set each sample of a stage comes from, in segments: from some sample on, another mixture."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from curriculum.mixture import Mixture


@dataclass(frozen=True)
class MixturePlan:
    """What decides the sets of a segment: their names, and how many samples each has in proportion."""

    sets: tuple[str, ...]
    rates: tuple[Fraction, ...]


@dataclass(frozen=True)
class Segment:
    """The samples from number ``first`` on, until the next segment. ``before`` are each set's samples before
    it, so that a set's own numbers go on and each of its epochs stays whole."""

    first: int
    plan: MixturePlan
    mixture: Mixture
    before: Mapping[str, int]

    def counts(self, samples: int) -> dict[str, int]:
        """How many of the first ``samples`` samples, of which the last are this segment's, come from each
        set."""
        here = self.mixture.counts(samples - self.first)
        return {**self.before} | {
            name: self.before.get(name, 0) + more for name, more in zip(self.plan.sets, here, strict=True)
        }


class SetSequence:
    """An endless sequence of sets, addressed by sample number. Within a segment, counted from its first
    sample, each set has its share as a Mixture gives it.

    Attributes:
        sets: the names of all sets that any segment reads, in order.
    """

    def __init__(self, segments: tuple[Segment, ...]) -> None:
        self.segments = segments
        self.sets = tuple(sorted({name for segment in segments for name in segment.plan.sets}))

    def then(self, first: int, plan: MixturePlan) -> SetSequence:
        """The same sequence before sample ``first``, and from there on that of a plan, which goes on where it
        is the one that holds there."""
        kept = tuple(segment for segment in self.segments if segment.first < first)
        if kept and kept[-1].plan == plan:
            return SetSequence(kept)
        before = kept[-1].counts(first) if kept else {}
        return SetSequence((*kept, Segment(first, plan, Mixture(plan.rates), before)))

    def counts(self, samples: int) -> list[int]:
        """How many of the first ``samples`` samples come from each of the ``sets``."""
        found = self.segments[self._place(samples)].counts(samples)
        return [found.get(name, 0) for name in self.sets]

    def samples(self, first: int, count: int) -> tuple[tuple[str, ...], NDArray[np.int32], NDArray[np.int64]]:
        """The samples ``first ...``: the names of the sets that they may come from, the index among these
        (int32[count]) of each, and each one's number within its set (int64[count])."""
        pieces = list(self._pieces(first, first + count))
        names = tuple(sorted({name for segment, _, _ in pieces for name in segment.plan.sets}))
        sets, numbers = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int64)
        for segment, start, stop in pieces:
            order, ranks = segment.mixture.samples(start - segment.first, stop - start)
            places = np.array([names.index(name) for name in segment.plan.sets], dtype=np.int32)
            before = np.array([segment.before.get(name, 0) for name in segment.plan.sets], dtype=np.int64)
            sets[start - first : stop - first] = places[order]
            numbers[start - first : stop - first] = before[order] + ranks
        return names, sets, numbers

    def _pieces(self, first: int, stop: int) -> Iterator[tuple[Segment, int, int]]:
        ends = [*(segment.first for segment in self.segments[1:]), stop]
        for place in range(self._place(first), len(self.segments)):
            segment = self.segments[place]
            if segment.first >= stop:
                return
            yield segment, max(first, segment.first), min(stop, ends[place])

    def _place(self, sample: int) -> int:
        return bisect_right(self.segments, sample, key=lambda segment: segment.first) - 1
