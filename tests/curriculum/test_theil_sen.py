"""Sen (1968): a slope that wild points do not move, with an interval that covers the true one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curriculum.theil_sen import theil_sen

FLOATS = st.floats(-1e3, 1e3, allow_subnormal=False)


def test_the_example_of_sen() -> None:
    """Section 4 of the paper: the median of the slopes is 4, and its interval of 93 % runs from .. to 4.25."""
    times, values = [1, 2, 3, 4, 10, 12, 18], [9, 15, 19, 20, 45, 55, 78]
    slope = theil_sen(times, values)
    assert slope.median == 4
    assert 3.5 <= slope.low < 4 < slope.high <= 5


@given(st.lists(FLOATS, min_size=3, max_size=30), FLOATS, FLOATS)
def test_a_line_is_added_to_the_slope(values: list[float], slope: float, start: float) -> None:
    times = list(range(len(values)))
    plain = theil_sen(times, values)
    moved = theil_sen(
        times, [value + start + slope * time for time, value in zip(times, values, strict=True)]
    )
    for one, two in zip(plain, moved, strict=True):
        assert two == pytest.approx(one + slope, abs=1e-6) or math.isinf(one)
    assert plain.low <= plain.median <= plain.high


@given(st.permutations(range(12)))
def test_the_order_of_the_points_does_not_matter(order: list[int]) -> None:
    values = [3.1, 2.9, 2.95, 2.7, 2.72, 2.6, 2.5, 2.55, 2.4, 2.38, 2.3, 2.2]
    assert theil_sen(order, [values[place] for place in order]) == theil_sen(range(12), values)


def test_wild_points_do_not_move_it() -> None:
    values = [5 - 0.01 * step for step in range(20)]
    values[3] = values[11] = values[17] = 50.0
    assert theil_sen(range(20), values).median == pytest.approx(-0.01)


def test_the_interval_covers_the_true_slope_nine_times_of_ten() -> None:
    random = np.random.default_rng(3)
    times = range(12)
    covered = 0
    for _ in range(2000):
        slope = theil_sen(times, (-0.3 * np.arange(12) + random.standard_t(3, 12)).tolist())
        covered += slope.low <= -0.3 <= slope.high
    assert 0.87 < covered / 2000 < 0.96


def test_few_points_have_no_interval() -> None:
    assert theil_sen([1, 2], [3, 2]) == (-1, -math.inf, math.inf)
