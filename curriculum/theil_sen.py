"""How fast a noisy series falls: the median of the slopes between all its points, with an interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Z = 1.6449
"""Of the standard normal distribution: an interval of 90 %."""


class Slope(NamedTuple):
    """The slope, and the ends of its interval."""

    median: float
    low: float
    high: float


def theil_sen(x: Sequence[float], y: Sequence[float]) -> Slope:
    """The slope of Theil and Sen (Sen, Journal of the American Statistical Association 63, 1968), which a
    third of wild points does not move, and its interval by the variance of Kendall's rank correlation.

    Args:
        x: distinct; ``y``: as many; at least 2. Where they are too few for an interval, it has no ends.
    """
    rows, columns = np.triu_indices(len(x), 1)
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    slopes = np.sort((ys[columns] - ys[rows]) / (xs[columns] - xs[rows]))
    n, number = len(x), len(slopes)
    spread = Z * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    lower, upper = math.floor((number - spread) / 2), math.ceil((number + spread) / 2)
    return Slope(
        float(np.median(slopes)),
        float(slopes[lower]) if lower >= 0 else -math.inf,
        float(slopes[upper]) if upper < number else math.inf,
    )
