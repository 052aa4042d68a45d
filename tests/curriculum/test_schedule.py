from __future__ import annotations

import pytest

from curriculum.schedule import learning_rate
from manifests.schema.curriculum import LearningRate

OPENBA = LearningRate(schedule="cosine", peak=1e-4, minimum=1e-5, warmup_steps=2000, decay_steps=100_000)


@pytest.mark.parametrize(("step", "rate"), [(0, 5e-8), (999, 5e-5), (1999, 1e-4), (50_999, 5.5e-5), (99_999, 1e-5), (128_000, 1e-5)])
def test_rates_of_openba(step: int, rate: float) -> None:
    assert learning_rate(OPENBA, step, 128_951) == pytest.approx(rate, rel=1e-12)


def test_decay_lasts_the_stage_by_default() -> None:
    linear = LearningRate(schedule="linear", peak=1.0, minimum=0.0)
    assert [learning_rate(linear, step, 4) for step in range(4)] == [0.75, 0.5, 0.25, 0.0]


def test_constant_after_warm_up() -> None:
    constant = LearningRate(schedule="constant", peak=1.0, warmup_steps=2)
    assert [learning_rate(constant, step, 4) for step in range(4)] == [0.5, 1.0, 1.0, 1.0]
