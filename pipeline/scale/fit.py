"""A figure that was measured at one size or at several, at another size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Growth:
    """``fixed + slope * size``."""

    fixed: float
    slope: float

    def __call__(self, size: float) -> float:
        return self.fixed + self.slope * size


def growth(points: Sequence[tuple[float, float]]) -> Growth:
    """The line through the figures at the smallest and the largest size measured: what is done once (a
    tokenizer's sample, a model to load) stays, the rest grows. In proportion where there is one size only, or
    where the line would begin below zero; constant where it would fall.

    Args:
        points: pairs of size and figure.
    """
    (small, low), (large, high) = min(points), max(points)
    if large == small:
        return Growth(0.0, high / large)
    slope = (high - low) / (large - small)
    if slope < 0:
        return Growth(max(low, high), 0.0)
    fixed = high - slope * large
    return Growth(fixed, slope) if fixed >= 0 else Growth(0.0, high / large)
