from __future__ import annotations

from typing import Any

import pytest

from curriculum.lr_schedule import learning_rate
from manifests.schema.optimization import LearningRate

OPENBA = LearningRate(schedule="cosine", peak=1e-4, minimum=1e-5, warmup_steps=2000, decay_steps=100_000)


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 5e-8), (999, 5e-5), (1999, 1e-4), (50_999, 5.5e-5), (99_999, 1e-5), (128_000, 1e-5)],
)
def test_rates_of_openba(step: int, rate: float) -> None:
    assert learning_rate(OPENBA, step, 128_951) == pytest.approx(rate, rel=1e-12)


def test_decay_lasts_the_stage_by_default() -> None:
    linear = LearningRate(schedule="linear", peak=1.0, minimum=0.0)
    assert [learning_rate(linear, step, 4) for step in range(4)] == [0.75, 0.5, 0.25, 0.0]


def test_constant_after_warm_up() -> None:
    constant = LearningRate(schedule="constant", peak=1.0, warmup_steps=2)
    assert [learning_rate(constant, step, 4) for step in range(4)] == [0.5, 1.0, 1.0, 1.0]


def test_stable_until_the_last_steps() -> None:
    wsd = LearningRate(schedule="wsd", peak=1.0, minimum=0.2, warmup_steps=2, decay_steps=4)
    rates = [learning_rate(wsd, step, 10) for step in range(10)]
    assert rates == pytest.approx([0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2])


def test_a_stage_may_begin_at_the_rate_of_the_one_before() -> None:
    linear = LearningRate(schedule="linear", peak="previous", minimum=0.0)
    assert [learning_rate(linear, step, 4, previous=0.4) for step in range(4)] == pytest.approx(
        [0.3, 0.2, 0.1, 0.0]
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"schedule": "wsd", "peak": 1, "minimum": 0.1}, "a wsd schedule needs decay_steps"),
        ({"schedule": "cosine", "peak": 1, "minimum": 2}, r"needs a minimum of at most peak \(1.0\)"),
        ({"schedule": "constant", "peak": "previous", "warmup_steps": 3}, "remove warmup_steps"),
        ({"schedule": "constant", "peak": 1, "minimum": 0.1}, "has no minimum and no decay_steps"),
    ],
)
def test_schedules_that_contradict_themselves(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LearningRate(**settings)
