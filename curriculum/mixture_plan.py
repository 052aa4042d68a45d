"""What decides which set each sample of a stage comes from: shares, how they change, how often a set may be
read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from curriculum.mixture import Mixture
from curriculum.ramped_mixture import RampedMixture
from curriculum.share_points import SharePoint

SetMixture = Mixture | RampedMixture


@dataclass(frozen=True)
class MixturePlan:
    """Shares of the ``sets`` at ``points``; ``sample_tokens`` are those of a sample of each set.

    Attributes:
        caps: how many samples of each set there may be, where that decides what comes; None where a set is
            read on, or a stage that would is refused.
        stops: whether the samples end where the first set is used up; else they go on without it.
    """

    sets: tuple[str, ...]
    points: tuple[SharePoint, ...]
    sample_tokens: tuple[Fraction, ...]
    caps: tuple[int, ...] | None = None
    stops: bool = False

    @property
    def final_shares(self) -> dict[str, Fraction]:
        """Those after the last point."""
        return dict(zip(self.sets, self.points[-1][1], strict=True))

    @property
    def caps_by_set(self) -> dict[str, int]:
        """The caps that decide what comes."""
        return dict(zip(self.sets, self.caps, strict=True)) if self.caps is not None else {}

    def from_(self, tokens: Fraction, left: Collection[str]) -> tuple[tuple[str, ...], SetMixture] | None:
        """The sets that are read from some tokens on, of those that are ``left``, and their mixture: the
        shares of the others go to these in proportion to theirs at each point. None where these have no
        share."""
        points = [(place, shares) for place, shares in self._points_from(tokens)]
        mine = [
            index
            for index, name in enumerate(self.sets)
            if name in left and any(shares[index] for _, shares in points)
        ]
        if not mine:
            return None
        rates = [
            (place, tuple(shares[index] / self.sample_tokens[index] for index in mine))
            for place, shares in points
            if any(shares[index] for index in mine)
        ]
        names = tuple(self.sets[index] for index in mine)
        if all(rate == rates[0][1] for _, rate in rates):
            return names, Mixture(rates[0][1])
        whole = [sum((shares[index] for index in mine), Fraction()) for _, shares in points]
        whole = [one for one in whole if one]
        scaled = [
            (place, tuple(rate / share for rate in here))
            for (place, here), share in zip(rates, whole, strict=True)
        ]
        return names, RampedMixture([(tokens, scaled[0][1]), *(one for one in scaled if one[0] > tokens)])

    def _points_from(self, tokens: Fraction) -> list[tuple[Fraction, tuple[Fraction, ...]]]:
        """The points after some tokens, and before them one with the shares there."""
        later = [(Fraction(place), shares) for place, shares in self.points if place > tokens]
        return [(tokens, self.shares_at(tokens)), *later]

    def shares_at(self, tokens: Fraction) -> tuple[Fraction, ...]:
        """Each set's share at some tokens."""
        for (start, shares), (end, later) in pairwise(self.points):
            if start <= tokens < end:
                part = (tokens - start) / (end - start)
                return tuple((1 - part) * one + part * two for one, two in zip(shares, later, strict=True))
        return self.points[0 if tokens < self.points[0][0] else -1][1]
