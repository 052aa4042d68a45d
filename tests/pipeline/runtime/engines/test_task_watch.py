"""What happens to tasks on Ray is said beside the progress."""

from __future__ import annotations

import logging
import time

import pytest

from pipeline.runtime import meter
from pipeline.runtime.engines.retried_tasks import Work
from pipeline.runtime.engines.task_watch import TaskWatch


def test_speed_retries_and_slow_tasks_are_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    watch = TaskWatch()
    now = 110.0
    watch.done(Work(seconds=10.0, size=64_000_000))
    assert meter._note == "6.4 MB/s"
    with caplog.at_level(logging.INFO, meter.PROGRESS.name):
        watch.again(7, "NodeDiedError: its node is gone")
    assert caplog.messages == ["task 7 is tried again (NodeDiedError: its node is gone)"]
    watch.running(since=[now - 39.0, now - 41.0, now - 90.0])
    assert meter._note == "6.4 MB/s, 1 again, 2 slow"
    meter.note("")


def test_nothing_is_slow_before_anything_is_done() -> None:
    watch = TaskWatch()
    watch.running(since=[time.monotonic() - 1000.0])
    assert meter._note == ""
