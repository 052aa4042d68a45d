from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curriculum.mixture import PERIOD, Mixture
from manifests.largest_remainder import largest_remainder

small_weights = st.lists(st.integers(1, 60), min_size=1, max_size=8)


def test_quotas_of_the_recipe() -> None:
    shares = [Fraction("0.475"), Fraction("0.475"), Fraction("0.05")]
    assert Mixture(shares).counts(40) == [19, 19, 2]
    assert largest_remainder(shares, 8) == [4, 4, 0]
    assert largest_remainder(shares, 7) == [3, 3, 1]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=9), st.integers(0, 10**5))
def test_quotas_add_up_and_are_within_one_of_the_share(shares: list[int], total: int) -> None:
    quotas = largest_remainder([Fraction(share) for share in shares], total)
    assert sum(quotas) == total
    assert all(
        abs(quota - Fraction(total * share, sum(shares))) < 1
        for quota, share in zip(quotas, shares, strict=True)
    )


any_shares = st.lists(
    st.one_of(
        st.decimals("1e-9", 1, places=9).map(lambda share: Fraction(share)),
        st.fractions(Fraction(1, 10**6), 1),
        st.integers(1, 10**12).map(lambda share: Fraction(share)),
    ),
    min_size=1,
    max_size=6,
)


@given(any_shares, st.integers(0, 10**12))
def test_any_share_is_exact_at_any_time(shares: list[Fraction], samples: int) -> None:
    """Shares are whole numbers, decimals and fractions, of very different sizes; halves are rounded once in each
    doubling of the number of sets."""
    counts = Mixture(shares).counts(samples)
    assert sum(counts) == samples
    bound = 1 + Fraction((len(shares) - 1).bit_length(), 2)
    for count, share in zip(counts, shares, strict=True):
        assert abs(count - samples * share / sum(shares)) <= bound


@pytest.mark.parametrize(
    "share", ["0.00015", "0.0001", "0.00001", "0.000001", "0.00035", "0.0123456", "1e-12"]
)
def test_a_small_share_gets_what_it_is_due(share: str) -> None:
    small = Fraction(share)
    samples = 3 * 10**9
    count, rest = Mixture([small, 1 - small]).counts(samples)
    assert abs(count - samples * small) <= 1
    assert count + rest == samples


def test_a_small_share_comes_evenly() -> None:
    sets, numbers = Mixture([Fraction("0.00015"), Fraction("0.99985")]).samples(0, 200_000)
    (places,) = np.nonzero(sets == 0)
    assert len(places) == 30
    assert numbers[places].tolist() == list(range(30))
    assert np.abs(places - (np.arange(30) + 0.5) / 0.00015).max() <= 1 / 0.00015


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_the_first_samples_of_two_sets_are_those_of_the_nearest_whole_weights(one: int, two: int) -> None:
    """A cycle that is rounded is the same sequence as that of the rounded weights."""
    nearest = largest_remainder([Fraction(one), Fraction(two)], PERIOD)
    if (one + two) // math.gcd(one, two) > PERIOD and min(nearest):
        found, expected = (Mixture(weights).samples(0, PERIOD) for weights in ([one, two], nearest))
        assert [part.tolist() for part in found] == [part.tolist() for part in expected]


@given(small_weights)
def test_every_set_stays_within_one_of_its_share(shares: list[int]) -> None:
    mixture = Mixture(shares)
    total = sum(shares)
    sets, _ = mixture.samples(0, 2 * total)
    counts = np.cumsum(sets[:, None] == np.arange(len(shares)), axis=0)
    ideal = np.arange(1, 2 * total + 1)[:, None] * np.asarray(shares) / total
    bound = 1 - 1 / max(2 * len(shares) - 2, 1)
    assert np.abs(counts - ideal).max() <= bound + 1e-9


@given(st.one_of(small_weights, any_shares), st.integers(0, 10**15), st.integers(1, 50))
def test_sample_numbers_are_counted_in_closed_form(
    shares: list[int] | list[Fraction], first: int, count: int
) -> None:
    mixture = Mixture(shares)
    sets, numbers = mixture.samples(first, count)
    before, after = mixture.counts(first), mixture.counts(first + count)
    assert sum(after) == first + count
    for index in range(len(shares)):
        assert numbers[sets == index].tolist() == list(range(before[index], after[index]))


def test_ties_go_to_the_earlier_share() -> None:
    third = [Fraction(1, 3)] * 3
    assert [largest_remainder(third, total) for total in (1, 2, 3, 4, 5)] == [
        [1, 0, 0],
        [1, 1, 0],
        [1, 1, 1],
        [2, 1, 1],
        [2, 2, 1],
    ]
    assert largest_remainder([Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)], 2) == [1, 1, 0], (
        "both quarters are owed a half"
    )
    assert largest_remainder([Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)], 6) == [3, 2, 1]


@given(st.integers(1, 12), st.integers(0, 100))
def test_equal_shares_differ_by_one_at_most_and_the_earlier_get_it(shares: int, total: int) -> None:
    whole, rest = divmod(total, shares)
    assert largest_remainder([Fraction(7)] * shares, total) == [whole + 1] * rest + [whole] * (shares - rest)


@pytest.mark.parametrize(
    ("shares", "sequence"),
    [
        ([1, 1], [0, 1, 0, 1]),
        ([1, 1, 1], [0, 1, 2, 0, 1, 2]),
        ([2, 1, 1], [0, 1, 2, 0]),
        ([1, 2, 1], [1, 0, 2, 1]),
    ],
)
def test_sets_that_are_owed_as_much_come_in_their_order(shares: list[int], sequence: list[int]) -> None:
    assert Mixture(shares).samples(0, len(sequence))[0].tolist() == sequence
