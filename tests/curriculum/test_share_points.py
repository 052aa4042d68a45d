from __future__ import annotations

import pytest

from curriculum.share_points import mean_shares
from manifests.schema.mixture import MixturePoint, TemperedMixture

POINTS = (MixturePoint(tokens=100, shares={"en": 1.0}), MixturePoint(tokens=300, shares={"zh": 1.0}))


@pytest.mark.parametrize(
    ("tokens", "english"), [(50, 1.0), (100, 1.0), (200, 0.875), (300, 2 / 3), (600, 1 / 3)]
)
def test_shares_between_points_are_those_of_the_tokens_that_are_read(tokens: int, english: float) -> None:
    assert mean_shares(POINTS, tokens) == pytest.approx({"en": english, "zh": 1 - english})


def test_shares_that_stay_are_themselves_and_temperatures_are_of_sets_of_one_size() -> None:
    assert mean_shares({"en": 0.25, "zh": 0.75}, 9) == {"en": 0.25, "zh": 0.75}
    assert mean_shares(TemperedMixture(sets=("en", "zh"), temperature=3), 9) == {"en": 0.5, "zh": 0.5}
