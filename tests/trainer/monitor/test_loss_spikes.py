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


WINDOW = [4.0, 4.0, 4.0, 6.0, 6.0, 6.0, 4.0, 6.0]
"""Median 5, median absolute deviation 1."""
ROBUST = GuardSettings(window=8, spike=8, patience=3)


def suspects(values: list[float], loss: float, settings: GuardSettings = ROBUST) -> bool:
    """Whether a loss behind these is unusual."""
    guard = LossSpikeMonitor(settings)
    feed(guard, values)
    guard.observe(len(values), "ul2", loss)
    return guard.suspicious


@pytest.mark.parametrize("side", [1, -1])
def test_a_loss_exactly_as_far_off_as_allowed_is_usual(side: int) -> None:
    border = 5 + side * 15.0
    settings = GuardSettings(window=8, spike=15 / 1.4826, patience=3)
    assert not suspects(WINDOW, border, settings)
    assert suspects(WINDOW, float(np.nextafter(border, side * np.inf)), settings)


@pytest.mark.parametrize("side", [1, -1])
def test_losses_without_scatter_may_change_by_a_hundredth_for_each_deviation(side: int) -> None:
    border = 100 + side * 8.0
    assert not suspects([100.0] * 8, border)
    assert suspects([100.0] * 8, float(np.nextafter(border, side * np.inf)))


def test_a_few_unusual_losses_move_neither_the_level_nor_the_scatter() -> None:
    """Mean and standard deviation would be moved: with three 50s among them the mean is 21.9."""
    spoiled = [4.0, 6.0, 50.0, 5.0, 50.0, 5.5, 4.5, 50.0]
    assert suspects(spoiled, 20.0, GuardSettings(window=8, spike=6, patience=3)), (
        "5.75 is usual, 2.22 the scatter"
    )
    guard = LossSpikeMonitor(ROBUST)
    feed(guard, spoiled)
    with pytest.raises(LossAnomaly, match=r"loss 90 where 5\.75 was usual, for 3 steps in a row"):
        feed(guard, [90.0] * 3, first=8)


def test_nothing_is_unusual_before_the_window_is_full() -> None:
    assert not suspects(WINDOW[:7], 500.0)
    assert suspects(WINDOW, 500.0)


def test_losses_before_the_window_are_forgotten() -> None:
    """1 is 2.7 deviations below the first eight, 4 below the last eight, and 3.4 below all sixteen."""
    first = [3.0, 5.0, 7.0, 4.0, 6.0, 5.0, 4.0, 6.0]
    settings = GuardSettings(window=8, spike=4, patience=3)
    assert not suspects(first, 1.0, settings)
    assert suspects([*first, *(loss + 2 for loss in first)], 1.0, settings)


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_patience_is_met_by_exactly_so_many_in_a_row(patience: int) -> None:
    settings = GuardSettings(window=8, spike=8, patience=patience)
    guard = LossSpikeMonitor(settings)
    feed(guard, [*WINDOW, *([99.0] * (patience - 1)), 5.0, *([99.0] * (patience - 1))])
    with pytest.raises(LossAnomaly):
        guard.observe(99, "ul2", 99.0)


def test_the_next_stage_waits_for_a_window_of_its_own() -> None:
    guard = LossSpikeMonitor(ROBUST)
    feed(guard, [*WINDOW, 500.0])
    assert guard.suspicious
    feed(guard, [*WINDOW[:7], 500.0], first=9, stage="length")
    assert not guard.suspicious
