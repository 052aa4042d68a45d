"""What is told of a running training: the surface for loggers such as Weights & Biases or Aim."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from curriculum.journal_events import Event, Note
from trainer.monitor.throughput_and_mfu import Throughput
from trainer.run import TrainingRun


class Callback:
    """All that a training tells. A callback may be of any class: a method that it lacks is not called.

    It cannot change the run, but an exception stops it. Only process 0 has callbacks, and calls them between
    two steps: what takes long holds the training up.
    """

    def on_start(self, run: TrainingRun, step: int) -> None:
        """Training begins after ``step`` steps: 0, or those of the checkpoint from which it goes on, after a
        rollback too. ``run`` has the manifests and the folders."""

    def step(self, record: dict[str, Any], throughput: Throughput) -> None:
        """A step was made.

        Args:
            record: its line of ``metrics.jsonl``: ``step`` (the first is 1), ``stage``, ``loss`` (nats per
                target token), ``learning_rate``, ``gradient_norm``, ``tokens``, ``tokens_by_set``.
        """

    def skipped_step(self, record: dict[str, Any]) -> None:
        """A step made no update, because its loss or its gradient was not finite.

        Args:
            record: its line of ``metrics.jsonl``, where what is not finite is None, and ``skipped`` says why.
        """

    def evaluation(self, record: dict[str, Any]) -> None:
        """A stage's objective was measured on the held-out sets.

        Args:
            record: its line of ``evaluation.jsonl``: ``step``, ``stage``, ``losses`` (nats per target token,
                by set).
        """

    def checkpoint(self, step: int, folder: Path) -> None:
        """The checkpoint after ``step`` is on disk. It may be removed once two others have been written."""

    def stage_end(self, stage: str, step: int) -> None:
        """``step`` was the last one of a stage."""

    def journal_event(self, event: Event | Note) -> None:
        """The journal has got an event."""

    def close(self) -> None:
        """The training has ended, well or not."""


class Callbacks:
    """Several callbacks as one, which a ``with`` block closes."""

    def __init__(self, callbacks: Iterable[object]) -> None:
        self._callbacks = tuple(callbacks)

    def __enter__(self) -> Callbacks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def on_start(self, run: TrainingRun, step: int) -> None:
        """See Callback."""
        self._tell("on_start", run, step)

    def step(self, record: dict[str, Any], throughput: Throughput) -> None:
        """See Callback."""
        self._tell("step", record, throughput)

    def skipped_step(self, record: dict[str, Any]) -> None:
        """See Callback."""
        self._tell("skipped_step", record)

    def evaluation(self, record: dict[str, Any]) -> None:
        """See Callback."""
        self._tell("evaluation", record)

    def checkpoint(self, step: int, folder: Path) -> None:
        """See Callback."""
        self._tell("checkpoint", step, folder)

    def stage_end(self, stage: str, step: int) -> None:
        """See Callback."""
        self._tell("stage_end", stage, step)

    def journal_event(self, event: Event | Note) -> None:
        """See Callback."""
        self._tell("journal_event", event)

    def close(self) -> None:
        """Closes all, also where one of them cannot be."""
        with ExitStack() as stack:
            for callback in self._callbacks:
                if hasattr(callback, "close"):
                    stack.callback(callback.close)

    def _tell(self, method: str, *arguments: object) -> None:
        for callback in self._callbacks:
            if hasattr(callback, method):
                getattr(callback, method)(*arguments)
