from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.schema.train_settings import GuardSettings
from trainer.monitor.loss_spikes import LossAnomaly, LossSpikeMonitor

SETTINGS = GuardSettings(window=32, spike=8, patience=3)


def losses(steps: int, seed: int = 0, level: float = 5.0) -> list[float]:
    """Losses of a stage that falls by half a nat, with four denoisers of different difficulty drawn at
    random."""
    random = np.random.default_rng(seed)
    denoisers = random.choice([-0.4, -0.1, 0.2, 0.5], steps)
    return (level + 0.5 * np.exp(-np.arange(steps) / 40) + denoisers + random.normal(0, 0.1, steps)).tolist()


def feed(guard: LossSpikeMonitor, values: list[float], first: int = 0, stage: str = "ul2") -> None:
    for step, value in enumerate(values, first):
        guard.observe(step, stage, value)


@given(seed=st.integers(0, 2**32 - 1), level=st.floats(1, 12))
def test_an_ordinary_training_raises_no_alarm(seed: int, level: float) -> None:
    guard = LossSpikeMonitor(SETTINGS)
    feed(guard, losses(300, seed, level))
    assert not guard.suspicious


@pytest.mark.parametrize(
    ("value", "what"), [(11.0, "spike: loss 11 where 5"), (0.1, "collapse: loss 0.1 where 5")]
)
def test_unusual_losses_in_a_row_raise_at_the_last_of_them(value: float, what: str) -> None:
    guard = LossSpikeMonitor(SETTINGS)
    feed(guard, losses(60))
    feed(guard, [value, value], first=60)
    assert guard.suspicious
    with pytest.raises(LossAnomaly, match=what) as found:
        guard.observe(62, "ul2", value)
    assert found.value.step == 62


def test_single_unusual_losses_are_passed_over_and_do_not_become_usual() -> None:
    guard = LossSpikeMonitor(SETTINGS)
    feed(guard, [11.0 if step > 40 and step % 3 else value for step, value in enumerate(losses(200))])
    with pytest.raises(LossAnomaly):
        feed(guard, [11.0] * 3, first=200)


def test_up_and_down_is_no_row() -> None:
    guard = LossSpikeMonitor(SETTINGS)
    feed(guard, losses(60))
    feed(guard, [11.0, 11.0, 0.1, 0.1, 11.0, 11.0], first=60)


def test_a_stage_is_judged_by_its_own_losses() -> None:
    guard = LossSpikeMonitor(SETTINGS)
    feed(guard, losses(60))
    feed(guard, [11.0, *losses(60, level=9.0)], first=60, stage="length")


def test_losses_without_any_scatter() -> None:
    guard = LossSpikeMonitor(SETTINGS)
    feed(guard, [5.0] * 40 + [5.2] * 40)
    with pytest.raises(LossAnomaly):
        feed(guard, [9.0] * 3, first=80)
