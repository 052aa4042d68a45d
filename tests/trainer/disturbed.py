"""Runs of the tiny curriculum that are killed, copied and compared."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from trainer.engine import TrainingEngine
from trainer.monitor.throughput_and_mfu import Throughput
from trainer.run import TrainingRun
from trainer.step_result import StepResult

RECORDS = ("metrics.jsonl", "evaluation.jsonl", "manifest.json")


class Killed(Exception):
    pass


class KillAt:
    """A callback that stops the run after a step."""

    def __init__(self, step: int) -> None:
        self._step = step

    def step(self, record: dict[str, Any], _: Throughput) -> None:
        if record["step"] == self._step:
            self.stop()

    def stop(self) -> None:
        raise Killed


def copy(prepared: Path, folder: Path) -> TrainingRun:
    shutil.copytree(prepared, folder / "run")
    return TrainingRun.open(folder / "run" / "curriculum.yaml", folder / "run")


def outcome(run: TrainingRun) -> dict[str, bytes]:
    return {name: (run.train_folder / name).read_bytes() for name in RECORDS}


def command(run: TrainingRun) -> list[str]:
    return [
        sys.executable,
        "-m",
        "trainer",
        "train",
        "--curriculum",
        str(run.folder / "curriculum.yaml"),
        "--run",
        str(run.folder),
    ]


def longer(run: TrainingRun, **guard: Any) -> TrainingRun:
    """The same run with forty steps of UL2, and a guard that knows the usual after eight."""
    file = run.folder / "curriculum.yaml"
    data = yaml.safe_load(file.read_text())
    data["stages"] = [data["stages"][0] | {"tokens": 40 * 8 * 24, "max_epochs": {"en": 99, "zh": 99}}]
    data["train"]["guard"] = {"window": 8, "spike": 12, "patience": 2} | guard
    file.write_text(yaml.safe_dump(data))
    return TrainingRun.open(file, run.folder)


class Fault:
    """Does something to the model before the update of one step, or ``after`` it, the first ``times`` times that
    it comes."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        update: int,
        harm: Callable[[TrainingEngine], None],
        times: int = 1,
        *,
        after: bool = False,
    ) -> None:
        self.left = times
        step = TrainingEngine.step

        def faulty(engine: TrainingEngine, *arguments: Any) -> StepResult:
            now = engine.updates == update and self.left > 0
            self.left -= now
            if now and not after:
                harm(engine)
            result = step(engine, *arguments)
            if now and after:
                harm(engine)
            return result

        monkeypatch.setattr(TrainingEngine, "step", faulty)


def grow(engine: TrainingEngine, times: float) -> None:
    """All weights, in the model and in the optimizer."""
    weights, _ = engine.held()
    for piece in weights:
        piece.values.mul_(times)
    engine.publish()


def blow_up(engine: TrainingEngine) -> None:
    """So that the loss goes far up."""
    grow(engine, 30)


def spoil(engine: TrainingEngine) -> None:
    """One weight, in the model alone."""
    with torch.no_grad():
        next(engine.module.parameters())[7] = torch.inf
