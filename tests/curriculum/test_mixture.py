from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curriculum.mixture import PERIOD, Mixture, weights
from manifests.largest_remainder import largest_remainder

small_weights = st.lists(st.integers(1, 60), min_size=1, max_size=8)


def test_quotas_of_the_recipe() -> None:
    shares = [Fraction("0.475"), Fraction("0.475"), Fraction("0.05")]
    assert weights(shares) == [19, 19, 2]
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


def test_shares_without_a_small_common_denominator_are_rounded() -> None:
    assert weights([Fraction(20_006, 30_011), Fraction(10_005, 30_011)]) == [6666, PERIOD - 6666]


def test_a_share_below_the_period_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a proportion of 1e-05 is less than 1 / 10000"):
        weights([Fraction("0.00001"), Fraction("0.99999")])


@given(small_weights)
def test_every_set_stays_within_one_of_its_share(shares: list[int]) -> None:
    mixture = Mixture(shares)
    total = sum(shares)
    sets, _ = mixture.samples(0, 2 * total)
    counts = np.cumsum(sets[:, None] == np.arange(len(shares)), axis=0)
    ideal = np.arange(1, 2 * total + 1)[:, None] * np.asarray(shares) / total
    bound = 1 - 1 / max(2 * len(shares) - 2, 1)
    assert np.abs(counts - ideal).max() <= bound + 1e-9


@given(small_weights, st.integers(0, 10**15), st.integers(1, 50))
def test_sample_numbers_are_counted_in_closed_form(shares: list[int], first: int, count: int) -> None:
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
