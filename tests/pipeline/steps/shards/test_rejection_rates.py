"""Weights from rejection rates: FineWeb2's figures give FineWeb2's weights, and chance gives none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.steps.shards.rejection_rates import SIZES, SizeRange, interpolated, joined, measured_ranges

CHINESE = {
    1: (60.743855058540774, 374902886),
    2: (53.39946585709264, 99394331),
    4: (50.173859844727076, 27246205),
    10: (43.84625387880678, 5311274),
    30: (50.68417122258383, 257457),
    60: (57.280725427754085, 41251),
    151: (70.57340750758905, 437770),
}
"""Of FineWeb2's ``cmn_Hani`` (huggingface/fineweb-2, misc/rehydration/distributions): per cent that was
removed of clusters of a size, and how many were left."""
CHINESE_MEAN = 57.192348976297836


def theirs(rate: float, mean: float, lowest: float, most: int) -> float:
    """``compute_repetitions`` of misc/rehydration/README.md for one rate, before it is smoothed and
    rounded."""
    return 1.0 if rate >= mean else 1 + (most - 1) * ((rate - mean) / (lowest - mean))


def test_fineweb2s_rates_give_fineweb2s_weights() -> None:
    rates = np.array([rate / 100 for rate, _ in CHINESE.values()])
    left = np.array([number for _, number in CHINESE.values()])
    clusters = left / (1 - rates)
    mean = float((rates * clusters).sum() / clusters.sum())
    found = interpolated(rates, clusters, 10)
    assert found == pytest.approx([theirs(rate, mean, rates.min(), 10) for rate in rates.tolist()])
    assert found.tolist().index(10) == list(CHINESE).index(10), "ten copies are best"
    assert (found[0], found[-1]) == (1, 1), "neither what is unique nor what is everywhere"
    assert 100 * mean == pytest.approx(CHINESE_MEAN, abs=2), "here are seven of their 151 sizes"


def test_what_chance_favours_is_not_repeated() -> None:
    """The best of many sizes that are all alike always looks better than the mean."""
    chance = np.random.default_rng(5)
    for _ in range(50):
        sizes = np.repeat(np.arange(1, 21), 40 * np.arange(1, 21))
        ranges = measured_ranges(sizes, chance.random(len(sizes)) < 0.5, 10)
        assert {one.epochs for one in ranges} == {1.0}


def test_a_cluster_counts_once_however_large_it_is() -> None:
    sizes = np.repeat([1, 2, 50], [400, 400, 10_000])
    rejected = np.concatenate([np.arange(400) % 4 > 0, np.arange(400) % 4 == 0, np.arange(10_000) % 50 < 40])
    assert measured_ranges(sizes, rejected, 5) == (
        SizeRange(1, 1.0, 0.75),
        SizeRange(2, 5.0, 0.25),
        SizeRange(3, 1.0, 0.8),
    )


def test_ranges_of_few_clusters_are_joined() -> None:
    assert joined(np.array([500.0, 99, 1, 30, 70, 99])) == [0, 1, 3]
    assert joined(np.array([500.0, 99, 1, 30, 70, 100])) == [0, 1, 3, 5]
    assert joined(np.array([50.0, 20, 0])) == [0]
    assert joined(np.array([0.0, 0, 100])) == [0]


def test_no_document_gives_no_weight() -> None:
    none = np.zeros(0, np.int64)
    assert measured_ranges(none, none.astype(bool), 10) == (SizeRange(1, 1.0),)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3000), st.booleans()), min_size=1, max_size=400),
    st.floats(1, 100),
    st.randoms(),
)
def test_weights_are_between_one_and_the_most_in_any_order(
    documents: list[tuple[int, bool]], most: float, random: object
) -> None:
    sizes, rejected = (np.array(column) for column in zip(*documents, strict=True))
    ranges = measured_ranges(sizes, rejected, most)
    assert ranges[0].at_least == 1
    assert [one.at_least for one in ranges] == sorted({one.at_least for one in ranges} & set(SIZES))
    assert all(1 <= one.epochs <= round(most, 3) for one in ranges)
    assert all(one.rejected is not None and 0 <= one.rejected <= 1 for one in ranges)
    random.shuffle(documents)  # type: ignore[attr-defined]
    sizes, rejected = (np.array(column) for column in zip(*documents, strict=True))
    again = measured_ranges(sizes, rejected, most)
    assert [(one.at_least, one.epochs) for one in again] == [(one.at_least, one.epochs) for one in ranges]
