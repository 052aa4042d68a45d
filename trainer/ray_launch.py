"""Training on a Ray cluster: so many processes that form one group, begun again where one is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer

from manifests.errors import UserError
from manifests.run_lock import run_lock
from manifests.stop_signals import Stopped, stop_told, stops_at_once
from trainer.distributed import HELD, LONGEST_WAIT, LostProcessError

MOST_LOSSES = 20
"""So often the training begins again, from its newest checkpoint."""
LARGER_AFTER = 600.0
"""Seconds after which it looks whether nodes have come (back), for which it begins again, too."""


class _Verdict:
    """The first error that beginning again would not mend."""

    def __init__(self) -> None:
        self._error: UserError | None = None

    def give(self, error: UserError) -> None:
        self._error = self._error or error

    def given(self) -> UserError | None:
        return self._error


def launch(work: Callable[[], None], run: Path, workers: int, *, gpus: bool, cpus_per_worker: int) -> None:
    """Calls ``work``, which trains a run, in Ray workers that form one process group: on the cluster that
    ``RAY_ADDRESS`` names, where a lost node leaves a smaller group until there is another one; or on one that
    is started in this machine and stopped at the end. Process 0 alone writes the journal, as always.

    Args:
        work: picklable; its paths are absolute, and on storage that every worker sees.
        run: the run folder, which is held meanwhile.
        workers: how many, at most.

    Raises:
        UserError: that of a worker; or another command holds the run folder.
        Stopped: a signal came.
        ray.train.TrainingFailedError: the program failed, or workers were lost too often.
    """
    address = os.environ.get("RAY_ADDRESS", "local")
    with (
        stops_at_once(),
        stop_told(lambda: "train"),
        run_lock(run, "openba train"),
        _connected(address, workers * cpus_per_worker),
        _notes(run) as notes,
    ):
        verdict = ray.remote(num_cpus=0)(_Verdict).remote()
        TorchTrainer(
            _worker,
            train_loop_config={"work": work, "verdict": verdict},
            torch_config=TorchConfig(
                backend="nccl" if gpus else "gloo", timeout_s=int(LONGEST_WAIT.total_seconds())
            ),
            scaling_config=ScalingConfig(
                num_workers=workers if address == "local" else (1, workers),
                use_gpu=gpus,
                resources_per_worker={"CPU": cpus_per_worker},
                elastic_resize_monitor_interval_s=LARGER_AFTER,
            ),
            run_config=RunConfig(
                storage_path=str(notes),
                failure_config=FailureConfig(max_failures=MOST_LOSSES),
                worker_runtime_env={"env_vars": {HELD: "1"}},
            ),
        ).fit()
        error = ray.get(verdict.given.remote())
        if error is not None:
            raise error


def _worker(config: dict[str, Any]) -> None:
    """Trains, unless an earlier group has found that it cannot be done. What can be mended is raised, so that
    Ray begins again."""
    verdict = config["verdict"]
    if ray.get(verdict.given.remote()) is not None:
        return
    try:
        config["work"]()
    except (LostProcessError, Stopped):
        raise
    except UserError as error:
        ray.get(verdict.give.remote(error))


@contextmanager
def _connected(address: str, cpus: int) -> Iterator[None]:
    size: dict[str, Any] = {"num_cpus": cpus, "include_dashboard": False} if address == "local" else {}
    if address == "local":
        os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    ray.init(address=address, logging_level="warning", **size)
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _notes(run: Path) -> Iterator[Path]:
    """Ray's own notes of the training, which nobody needs afterwards; checkpoints go to the run folder."""
    folder = run.resolve() / ".ray"
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
