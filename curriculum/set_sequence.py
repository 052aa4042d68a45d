"""Which set each sample of a stage comes from, in segments: from some sample on, another mixture, and where a
set is used up, the others alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from curriculum.mixture_plan import MixturePlan, SetMixture


@dataclass(frozen=True)
class Segment:
    """The samples from number ``first`` on, until the next segment, of the ``sets`` of a plan that are left.
    ``before`` are each set's samples before it, so that a set's own numbers go on and each of its epochs
    stays whole; ``tokens`` are those of all of them."""

    first: int
    plan: MixturePlan
    sets: tuple[str, ...]
    mixture: SetMixture
    before: Mapping[str, int]
    tokens: Fraction

    def counts(self, samples: int) -> dict[str, int]:
        """How many of the first ``samples`` samples, of which the last are this segment's, come from each
        set."""
        here = self.mixture.counts(samples - self.first)
        return {**self.before} | {
            name: self.before.get(name, 0) + more for name, more in zip(self.sets, here, strict=True)
        }

    def tokens_of(self, samples: int) -> Fraction:
        """Tokens of the first ``samples`` samples."""
        each = dict(zip(self.plan.sets, self.plan.sample_tokens, strict=True))
        here = zip(self.sets, self.mixture.counts(samples - self.first), strict=True)
        return self.tokens + sum((each[name] * count for name, count in here), Fraction())

    def used_up(self) -> int | None:
        """How many samples there may be until one more would be of a set that is used up; None where the
        plan has no caps."""
        caps = self.plan.caps_by_set
        if not caps:
            return None
        most = sum(caps[name] - self.before.get(name, 0) for name in self.sets)
        return self.first + bisect_right(
            range(1, most + 1),
            0,
            key=lambda more: any(
                count > caps[name] for name, count in self.counts(self.first + more).items() if name in caps
            ),
        )


class SetSequence:
    """A sequence of sets, addressed by sample number. Within a segment, counted from its first sample, each
    set has its share as its mixture gives it.

    Attributes:
        sets: the names of the sets of all plans, in order.
        end: how many samples there are where a set, or all of them, are used up; None where it has no end.
    """

    def __init__(self, segments: tuple[Segment, ...], end: int | None = None) -> None:
        self.segments, self.end = segments, end
        self.sets = tuple(sorted({name for segment in segments for name in segment.plan.sets}))

    def then(self, first: int, plan: MixturePlan) -> SetSequence:
        """The same sequence before sample ``first``, and from there on that of a plan, which goes on where it
        is the one that holds there."""
        kept = tuple(segment for segment in self.segments if segment.first < first)
        if not kept or kept[-1].plan != plan:
            segment = _segment(kept, first, plan)
            if segment is None:
                return SetSequence(kept, first)
            kept += (segment,)
        while (end := kept[-1].used_up()) is not None:
            segment = None if plan.stops else _segment(kept, end, plan)
            if segment is None:
                return SetSequence(kept, end)
            kept += (segment,)
        return SetSequence(kept)

    def counts(self, samples: int) -> list[int]:
        """How many of the first ``samples`` samples come from each of the ``sets``."""
        found = self.segments[self._place(samples)].counts(samples)
        return [found.get(name, 0) for name in self.sets]

    def tokens(self, samples: int) -> Fraction:
        """Tokens of the first ``samples`` samples, those of each set as long as they are on average."""
        return self.segments[self._place(samples)].tokens_of(samples)

    def samples(self, first: int, count: int) -> tuple[tuple[str, ...], NDArray[np.int32], NDArray[np.int64]]:
        """The samples ``first ...``: the names of the sets that they may come from, the index among these
        (int32[count]) of each, and each one's number within its set (int64[count])."""
        pieces = list(self._pieces(first, first + count))
        names = tuple(sorted({name for segment, _, _ in pieces for name in segment.sets}))
        sets, numbers = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int64)
        for segment, start, stop in pieces:
            order, ranks = segment.mixture.samples(start - segment.first, stop - start)
            places = np.array([names.index(name) for name in segment.sets], dtype=np.int32)
            before = np.array([segment.before.get(name, 0) for name in segment.sets], dtype=np.int64)
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


def _segment(earlier: tuple[Segment, ...], first: int, plan: MixturePlan) -> Segment | None:
    """The segment from sample ``first`` on of those sets that are not used up; None where none is left."""
    before = earlier[-1].counts(first) if earlier else {}
    tokens = earlier[-1].tokens_of(first) if earlier else Fraction(0)
    caps = plan.caps_by_set
    left = [name for name in plan.sets if name not in caps or before.get(name, 0) < caps[name]]
    found = plan.from_(tokens, left)
    return None if found is None else Segment(first, plan, *found, before, tokens)
