from __future__ import annotations

import time

import pytest

from trainer.monitor import throughput_and_mfu
from trainer.monitor.throughput_and_mfu import WINDOW, Stopwatch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the stopwatch reads; a test writes them."""
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def step(
    stopwatch: Stopwatch, clock: list[float], seconds: float, tokens: int, flops: float, so_far: int
) -> throughput_and_mfu.Throughput:
    stopwatch.start()
    clock[0] += seconds
    return stopwatch.stop(tokens, flops, so_far)


def test_a_step_gives_rate_utilisation_and_time_left(clock: list[float]) -> None:
    stopwatch = Stopwatch(peak_flops=1e12, total_tokens=10_000)
    clock[0] += 7  # an evaluation: it counts as time gone by, not as training
    told = step(stopwatch, clock, 2, tokens=1000, flops=5e11, so_far=4000)
    assert told == throughput_and_mfu.Throughput(elapsed=9, tokens_per_second=500, mfu=0.25, remaining=12)


def test_rates_are_those_of_the_last_steps(clock: list[float]) -> None:
    stopwatch = Stopwatch(peak_flops=1e12, total_tokens=10_000)
    step(stopwatch, clock, 1000, tokens=1, flops=1, so_far=1)
    for count in range(1, WINDOW + 1):
        told = step(stopwatch, clock, 1, tokens=100, flops=1e12, so_far=100 * count)
    assert (told.tokens_per_second, told.mfu) == (100, 1)
    assert told.remaining == 50
    figures = stopwatch.figures()
    assert figures["step_seconds"] == 1000 + WINDOW
    assert figures["tokens_per_second"] == pytest.approx((100 * WINDOW + 1) / (1000 + WINDOW))


def test_a_stage_may_read_a_little_more_than_its_tokens(clock: list[float]) -> None:
    assert step(Stopwatch(1e12, 100), clock, 1, tokens=128, flops=1, so_far=128).remaining == 0


def test_a_run_that_had_nothing_left_to_do_has_no_rate(clock: list[float]) -> None:
    figures = Stopwatch(1e12, 100).figures()
    assert (figures["tokens_per_second"], figures["mfu"]) == (0, 0)


def test_what_a_step_waits_for_its_data_is_a_part_of_its_time(clock: list[float]) -> None:
    stopwatch = Stopwatch(1e12, 100)
    for waited in (0.25, 0.5):
        stopwatch.start()
        clock[0] += waited
        stopwatch.data_came()
        clock[0] += 2
        stopwatch.stop(1, 1, 1)
    figures = stopwatch.figures()
    assert (figures["data_seconds"], figures["step_seconds"]) == (0.75, 4.75)
