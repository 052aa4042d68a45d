"""Shares that change: each set has what is due to it at every sample, and any sample is found at once."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curriculum.ramped_mixture import Point, RampedMixture


def due(points: list[Point], samples: int) -> list[Fraction]:
    """Samples of each set that the curve of its share makes, where a sample is a token."""
    end, found = points[0][0] + samples, [Fraction()] * len(points[0][1])
    tail = (max(end, points[-1][0]) + 1, points[-1][1])
    for (start, shares), (stop, later) in pairwise([*points, tail]):
        time = max(min(end, stop) - start, Fraction())
        for index, (one, two) in enumerate(zip(shares, later, strict=True)):
            found[index] += one * time + (two - one) * time**2 / (2 * (stop - start))
    return found


def bound(sets: int) -> float:
    return ((sets - 1).bit_length() / 2) + 1 / 20


@st.composite
def ramps(draw: st.DrawFn) -> list[Point]:
    """Points at any distance, of which some sets may have no share."""
    sets = draw(st.integers(1, 7))
    times = sorted(draw(st.sets(st.integers(0, 5000) | st.integers(0, 10**11), min_size=1, max_size=4)))
    weights = st.lists(st.integers(0, 9) | st.integers(0, 10**6), min_size=sets, max_size=sets).filter(sum)
    rows = [draw(weights) for _ in times]
    return [
        (Fraction(time), tuple(Fraction(one, sum(row)) for one in row))
        for time, row in zip(times, rows, strict=True)
    ]


@given(ramps(), st.integers(0, 6000) | st.integers(0, 10**12))
def test_every_set_has_what_is_due_to_it_at_any_sample(points: list[Point], samples: int) -> None:
    counts = RampedMixture(points).counts(samples)
    assert sum(counts) == samples
    for count, expected in zip(counts, due(points, samples), strict=True):
        assert abs(count - expected) <= bound(len(counts))


@given(ramps(), st.integers(0, 6000) | st.integers(0, 10**12), st.integers(1, 300))
def test_samples_are_those_that_the_counts_say(points: list[Point], first: int, count: int) -> None:
    """So no count ever falls, and no number comes twice or is left out, wherever one begins to read."""
    mixture = RampedMixture(points)
    sets, numbers = mixture.samples(first, count)
    before, after = mixture.counts(first), mixture.counts(first + count)
    for index in range(len(before)):
        assert numbers[sets == index].tolist() == list(range(before[index], after[index]))
    half = count // 2
    for part, start in (
        (mixture.samples(first, half), 0),
        (mixture.samples(first + half, count - half), half),
    ):
        assert part[0].tolist() == sets[start : start + len(part[0])].tolist()


def test_every_sample_of_a_ramp() -> None:
    """From en alone to halves of zh and code, over 10,000 samples, and on."""
    points: list[Point] = [
        (Fraction(0), (Fraction(0), Fraction(1), Fraction(0))),
        (Fraction(10_000), (Fraction(1, 2), Fraction(0), Fraction(1, 2))),
    ]
    sets, _ = RampedMixture(points).samples(0, 12_000)
    counts = np.cumsum(sets[:, None] == np.arange(3), axis=0)
    for samples in range(1, 12_001, 11):
        for count, expected in zip(counts[samples - 1], due(points, samples), strict=True):
            assert abs(count - expected) <= bound(3)
    assert counts[-1].tolist() == [3500, 5000, 3500]
    assert set(sets[10_001:].tolist()) == {0, 2}


@pytest.mark.parametrize("tokens", [4 * 10**11, 3 * 10**13])
def test_a_ramp_over_a_whole_training_is_read_anywhere(tokens: int) -> None:
    """No table is made of it: chunks of 568 tokens, 64-bit numbers."""
    points: list[Point] = [
        (Fraction(0), tuple(Fraction(share, 10 * 568) for share in (7, 2, 1))),
        (Fraction(tokens), tuple(Fraction(share, 10 * 568) for share in (1, 4, 5))),
    ]
    mixture, samples = RampedMixture(points), tokens // 568
    scaled = [(time / 568, tuple(568 * rate for rate in rates)) for time, rates in points]
    for first in (0, samples // 3, samples - 100, 10 * samples):
        sets, numbers = mixture.samples(first, 200)
        assert np.bincount(sets, minlength=3).sum() == 200
        for index, expected in enumerate(due(scaled, first + 200)):
            assert abs(int(numbers[sets == index][-1]) + 1 - expected) <= bound(3)
