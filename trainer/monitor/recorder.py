"""What process 0 writes down and tells of a running training."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from trainer.monitor.callbacks import Callback, Callbacks
from trainer.monitor.metric_log import MetricLog
from trainer.monitor.terminal import say
from trainer.monitor.throughput_and_mfu import Throughput
from trainer.run import TrainingRun


class Recorder:
    """Writes ``metrics.jsonl`` and ``evaluation.jsonl`` from ``step`` on, and tells the callbacks: ``own``
    ones, which it closes, and ``given`` ones, which it does not."""

    def __init__(self, run: TrainingRun, step: int, own: Sequence[Callback], given: Callbacks) -> None:
        self._metrics = MetricLog(run.metrics_file, step)
        self._evaluations = MetricLog(run.evaluations_file, step if step else -1)
        self._own = Callbacks(own)
        self.callbacks = Callbacks([self._own, given])
        self.callbacks.on_start(run, step)

    def step(self, record: dict[str, Any], throughput: Throughput) -> None:
        """A step was made or skipped; ``record`` becomes a line of ``metrics.jsonl``."""
        self._metrics.append(record)
        if "skipped" in record:
            say(f"step {record['step']}: no update: {record['skipped']}")
            self.callbacks.skipped_step(record)
        else:
            self.callbacks.step(record, throughput)

    def evaluation(self, record: dict[str, Any]) -> None:
        """A stage's losses were measured; ``record`` becomes a line of ``evaluation.jsonl``."""
        self._evaluations.append(record)
        self.callbacks.evaluation(record)

    def flush(self) -> None:
        """When this returns, all lines are on disk."""
        self._metrics.flush()
        self._evaluations.flush()

    def close(self) -> None:
        """Closes what is open; the lines written so far are kept."""
        with ExitStack() as stack:
            for item in (self._metrics, self._evaluations, self._own):
                stack.callback(item.close)
