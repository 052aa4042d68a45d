"""What the guard sees in losses, from a stage's first step to its last."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.schema.train_settings import GuardSettings
from trainer.monitor.divergence import Anomaly, DivergenceMonitor

SETTINGS = GuardSettings(window=32, spike=8, patience=3)
UNTRAINED = 9.5


def losses(steps: int, seed: int = 0, level: float = 5.0) -> list[float]:
    """Losses of a stage that falls by half a nat, with four denoisers of different difficulty drawn at
    random."""
    random = np.random.default_rng(seed)
    denoisers = random.choice([-0.4, -0.1, 0.2, 0.5], steps)
    return (level + 0.5 * np.exp(-np.arange(steps) / 40) + denoisers + random.normal(0, 0.1, steps)).tolist()


def record(step: int, loss: float, stage: str = "ul2", rate: float = 1e-3, **more: Any) -> dict[str, Any]:
    return {"step": step, "stage": stage, "loss": loss, "learning_rate": rate} | more


def feed(
    monitor: DivergenceMonitor, values: list[float], first: int = 1, stage: str = "ul2", **more: Any
) -> list[Anomaly]:
    """What is found in losses; ``more`` goes to the first of them."""
    found = [
        monitor.observe(record(step, value, stage, **(more if step == first else {})))
        for step, value in enumerate(values, first)
    ]
    return [anomaly for anomaly in found if anomaly]


def watching(values: list[float] | None = None) -> DivergenceMonitor:
    """A monitor that has seen ordinary losses."""
    monitor = DivergenceMonitor(SETTINGS, UNTRAINED)
    assert feed(monitor, losses(100) if values is None else values) == []
    return monitor


@pytest.mark.parametrize("level", [2.0, 5.0, 8.0])
def test_an_ordinary_training_raises_no_alarm(level: float) -> None:
    """Seeds are fixed: that half a drift comes by chance, so that a checkpoint waits, is rare, not impossible
    (a step in some hundred thousand)."""
    suspicious = 0
    for seed in range(60):
        monitor = DivergenceMonitor(SETTINGS, UNTRAINED)
        for step, value in enumerate(losses(300, seed, level), 1):
            assert monitor.observe(record(step, value)) is None, (seed, step)
            suspicious += monitor.suspicious
    assert suspicious <= 60 * 300 / 10_000


@pytest.mark.parametrize("share", [1 / 7, 1 / 3, 1 / 2])
def test_a_denoiser_that_is_much_harder_than_the_others_is_usual(share: float) -> None:
    """Scatter by the median of the distances would make a spike of each."""
    random = np.random.default_rng(1)
    values = 3 + 0.7 * (random.random(3000) < share) + random.normal(0, 0.02, 3000)
    assert feed(DivergenceMonitor(GuardSettings(), 4.0), values.tolist()) == []


@pytest.mark.parametrize(
    ("value", "what"), [(11.0, "spike: loss 11 where 5"), (0.1, "collapse: loss 0.1 where 5")]
)
def test_unusual_losses_in_a_row_are_wrong_at_the_last_of_them(value: float, what: str) -> None:
    monitor = watching()
    assert feed(monitor, [value, value], first=101) == []
    assert monitor.suspicious
    (found,) = feed(monitor, [value], first=103)
    assert found.step == 102
    assert found.reason.startswith(what)
    assert found.reason.endswith("was usual, for 3 steps in a row")


def test_a_single_spike_is_passed_over_and_does_not_become_usual() -> None:
    usual = losses(800)
    assert (
        feed(watching(usual[:100]), [11.0 if i % 40 == 0 else usual[i] for i in range(100, 800)], 101) == []
    )


@pytest.mark.parametrize(("every", "seen"), [(2, 7), (4, 17), (6, 37)])
def test_spikes_that_come_again_and_again_are_wrong(every: int, seen: int) -> None:
    monitor = watching()
    usual = losses(100, seed=3)
    found = feed(monitor, [11.0 if i % every == 0 else usual[i] for i in range(100)], first=101)
    assert found[0].step == 100 + seen - 1
    assert found[0].reason.endswith(f"{-(-seen // every)} times in {seen} steps")


def test_up_and_down_is_no_row() -> None:
    assert feed(watching(), [11.0, 11.0, 0.1, 0.1, 11.0, 11.0], first=101) == []


def test_the_first_steps_are_held_against_a_model_that_knows_nothing() -> None:
    """3 % are one standard deviation of what is expected, so that 24 % are a spike."""
    assert feed(DivergenceMonitor(SETTINGS, UNTRAINED), [1.23 * UNTRAINED] * 3) == []
    (found,) = feed(DivergenceMonitor(SETTINGS, UNTRAINED), [1.25 * UNTRAINED] * 3)
    assert found == Anomaly(2, "spike: loss 11.88 where 9.5 was usual, for 3 steps in a row")


def test_the_first_steps_after_a_switch_are_held_against_the_held_out_loss() -> None:
    quiet = [5 + 0.01 * (i % 3) for i in range(100)]
    assert feed(watching(quiet), [6.0] * 8, first=101, stage="length", expected=6.1) == []
    (found,) = feed(watching(quiet), [8.0] * 3, first=101, stage="length", expected=6.1)
    assert found.reason == "spike: loss 8 where 6.1 was usual, for 3 steps in a row"
    assert feed(watching(quiet), [8.0] * 3, first=101, stage="length", expected=None) == []


def test_what_scattered_before_a_switch_may_scatter_after_it() -> None:
    rough = (np.random.default_rng(0).normal(5, 0.5, 200)).tolist()
    assert feed(watching(rough), [8.0] * 3, first=201, stage="length", expected=6.1) == []


def test_a_loss_above_the_first_ones_is_a_spike_however_much_losses_scatter() -> None:
    rough = (np.random.default_rng(0).normal(7, 1.5, 100)).tolist()
    assert feed(watching(rough), [11.5] * 3, first=101) == []
    assert len(feed(watching(rough), [12.0] * 3, first=101)) == 1


def test_the_loss_of_a_small_last_batch_scatters_more() -> None:
    """One sample of 16 by four times as much as all of them."""
    monitor, last = watching(), record(101, 11.0, part=1 / 16)
    assert monitor.observe(last) is None
    assert not monitor.suspicious
    assert monitor.judge_weights(last, 11.0, last=True) == (True, None)
    assert not monitor.judge_weights(last, 30.0, last=True)[0]


@pytest.mark.parametrize("per_step", [0.003, 0.01, 0.05])
def test_a_slow_rise_is_a_drift(per_step: float) -> None:
    """No loss of it is unusual beside the ones before."""
    monitor = watching(losses(200))
    rising = (np.array(losses(1000, seed=2, level=5.0)) + per_step * np.arange(1000)).tolist()
    found = feed(monitor, rising, first=201)
    assert found[0].reason.startswith("drift: loss ")
    assert (found[0].step - 200) * per_step < 1.6, "nats that the losses have risen by"


def test_a_rise_that_is_too_small_to_be_a_spike_but_stays_is_a_drift() -> None:
    (found, *_) = feed(watching(losses(200)), losses(60, seed=4, level=6.5), first=201)
    assert found.reason.startswith("drift: loss ")
    assert found.step < 200 + 30


def test_losses_may_rise_with_the_learning_rate_and_are_judged_anew_then() -> None:
    monitor = DivergenceMonitor(SETTINGS, UNTRAINED)
    warm = [record(1 + i, 4 + 0.02 * i, rate=1e-5 * (1 + i)) for i in range(60)]
    stays = [record(61 + i, 5.2 + 0.1 * (i % 2), rate=6e-4) for i in range(100)]
    assert [monitor.observe(line) for line in warm + stays] == [None] * 160
    drifts = [monitor.observe(record(161 + i, 5.2 + 0.02 * i, rate=6e-4)) for i in range(60)]
    assert any(drifts)


@pytest.mark.parametrize(("skipped", "wrong"), [(2, False), (3, True)])
def test_steps_without_an_update_count_as_spikes(skipped: int, wrong: bool) -> None:
    monitor = watching()
    lines = [record(101 + i, math.inf, skipped="the gradient's norm is inf") for i in range(skipped)]
    found = [monitor.observe(line) for line in lines]
    reason = "the gradient's norm is inf, for 3 steps in a row"
    assert found[-1] == (Anomaly(100 + skipped - 1, reason) if wrong else None)


def test_a_stage_is_judged_by_its_own_losses() -> None:
    assert feed(watching(), [9.3, *losses(60, level=8.5)], first=101, stage="length") == []


def test_nothing_is_a_collapse_before_the_window_is_full() -> None:
    assert feed(DivergenceMonitor(SETTINGS, UNTRAINED), [9.5] * 31 + [0.1] * 3) == []
    assert len(feed(DivergenceMonitor(SETTINGS, UNTRAINED), [9.5] * 32 + [0.1] * 3)) == 1


def test_weights_are_kept_only_where_losses_and_what_they_lose_now_are_usual() -> None:
    monitor = watching()
    assert monitor.judge_weights(record(100, 5.0), 5.0, last=False) == (True, None)
    for spoilt in (11.0, math.inf, math.nan):
        assert monitor.judge_weights(record(100, 5.0), spoilt, last=False) == (False, None), spoilt
    feed(monitor, [11.0], first=101)
    assert monitor.judge_weights(record(101, 11.0), 5.0, last=False) == (False, None), "there was a spike"


@pytest.mark.parametrize("spoilt", [11.0, math.inf, math.nan])
def test_a_stage_does_not_end_on_weights_that_lose_more_than_usual(spoilt: float) -> None:
    good, found = watching().judge_weights(record(100, 5.0), spoilt, last=True)
    assert not good
    assert found is not None
    assert found.step == 99
    assert found.reason.startswith(f"spike: loss {spoilt:.4g} where 5")
    assert found.reason.endswith("at the end of stage ul2")


def test_a_stage_may_end_behind_a_spike_that_is_over() -> None:
    monitor = watching()
    feed(monitor, [11.0, 5.0], first=101)
    assert monitor.judge_weights(record(102, 5.0), 5.0, last=True) == (True, None)


def test_a_stage_does_not_end_in_a_drift() -> None:
    monitor = watching(losses(200))
    rising = (np.array(losses(150, seed=2)) + 0.01 * np.arange(150)).tolist()
    for step, loss in enumerate(rising, 201):
        assert monitor.observe(record(step, loss)) is None
        if monitor.suspicious:
            break
    assert not monitor.judge_weights(record(step, loss), loss, last=True)[0]


@given(st.lists(st.floats(0, 20), max_size=200), st.integers(0, 200))
def test_it_depends_on_nothing_but_the_losses_seen(values: list[float], cut: int) -> None:
    """A resumed run shows a new monitor the lines of all steps before."""
    whole, resumed = (DivergenceMonitor(SETTINGS, UNTRAINED) for _ in range(2))
    feed(whole, values[:cut])
    feed(resumed, values[:cut])
    rest = values[cut:]
    assert feed(whole, rest, first=cut + 1) == feed(resumed, rest, first=cut + 1)


def test_a_loss_that_rises_with_a_blend_is_no_drift() -> None:
    """From 5 nats to 7 within 100 steps, as a harder objective takes over; then it is judged as a new stage."""
    rising = [value + 2 * step / 100 for step, value in enumerate(losses(100, seed=3))]
    monitor = watching()
    found = [
        monitor.observe(record(101 + step, value, "length", blend=(step + 0.5) / 100, expected=10.2))
        for step, value in enumerate(rising)
    ]
    assert not any(found)
    assert feed(monitor, losses(100, seed=4, level=7.0), 201, "length", expected=7.5) == []
    assert feed(monitor, [value + 1.5 for value in losses(60, seed=5, level=7.0)], 301, "length")


def test_a_blow_up_in_a_blend_is_found() -> None:
    monitor = watching()
    for step in range(20):
        assert monitor.observe(record(101 + step, 5.1, "length", blend=step / 40, expected=6.0)) is None
    found = [monitor.observe(record(121 + step, 11.0, "length", blend=0.6)) for step in range(3)]
    assert found[-1] is not None
    assert found[-1].reason.startswith("spike: loss 11 where 5.1")
