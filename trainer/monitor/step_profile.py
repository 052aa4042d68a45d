"""A trace of chosen steps by torch's profiler, for chrome://tracing or Perfetto."""

from __future__ import annotations

from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from manifests.errors import UserError
from manifests.files import atomic_write
from trainer.monitor.callbacks import Callback
from trainer.monitor.terminal import say
from trainer.monitor.throughput_and_mfu import Throughput
from trainer.run import TrainingRun


class StepProfile(Callback):
    """Records the operators and kernels of the steps ``first`` to ``last`` (the first of a run is 1) in
    process 0, with what is done between them, and writes ``train/profile/steps-<first>-<last>.json``: from
    a later step on, where the run goes on amid them. The training computes the same, only slower."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last, self._begun = first, last, first
        self._run: TrainingRun | None = None
        self._profiler: profile | None = None

    @classmethod
    def of(cls, text: str) -> StepProfile:
        """That of ``FIRST:LAST``, or of a single step's number.

        Raises:
            UserError: it is neither.
        """
        first, colon, last = text.partition(":")
        numbers = (first, last if colon else first)
        if not all(number.isascii() and number.isdigit() for number in numbers) or not (
            0 < int(numbers[0]) <= int(numbers[1])
        ):
            raise UserError(f"{text!r} are no steps", fix="give the first and the last one, such as 10:13")
        return cls(int(numbers[0]), int(numbers[1]))

    def on_start(self, run: TrainingRun, step: int) -> None:
        """Begins, if the next step is one of the chosen; anew, if a rollback has come before the end."""
        self.close()
        self._run = run
        self._begin_after(step)

    def step(self, record: dict[str, Any], throughput: Throughput) -> None:
        """Begins before the first of the chosen steps, and writes the trace after the last."""
        if record["step"] == self.last:
            self._write()
        self._begin_after(record["step"])

    def skipped_step(self, record: dict[str, Any]) -> None:
        """As of any step."""
        if record["step"] == self.last:
            self._write()
        self._begin_after(record["step"])

    def _begin_after(self, step: int) -> None:
        if self._profiler is None and self.first <= step + 1 <= self.last:
            activities = [ProfilerActivity.CPU]
            activities += [ProfilerActivity.CUDA] if torch.cuda.is_available() else []
            self._profiler = profile(activities=activities, acc_events=True)
            self._profiler.start()
            self._begun = step + 1

    def _write(self) -> None:
        profiler, self._profiler = self._profiler, None
        if profiler is None or self._run is None:
            return
        profiler.stop()
        file = self._run.train_folder / "profile" / f"steps-{self._begun}-{self.last}.json"
        with atomic_write(file) as temporary:
            profiler.export_chrome_trace(str(temporary))
        say(f"{file}: the trace of steps {self._begun} to {self.last}; open it in ui.perfetto.dev")

    def close(self) -> None:
        """Stops without a trace where the training ends before the last of the steps."""
        if self._profiler is not None:
            self._profiler.stop()
            self._profiler = None
