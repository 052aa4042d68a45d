"""Training on a Ray cluster: ``python -m trainer.ray_launch --workers 2 -- train --curriculum MANIFEST --run
FOLDER``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import ray
from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer

from trainer.__main__ import main as trainer_main
from trainer.distributed import LONGEST_WAIT


def launch(
    arguments: list[str], workers: int, storage: Path, *, gpus: bool = False, cpus_per_worker: int = 1
) -> None:
    """Runs the trainer's command line in ``workers`` Ray workers that form one process group: on the cluster
    that ``RAY_ADDRESS`` names, or on one that is started in this machine, with as many CPUs as they ask for,
    and stopped at the end.

    Args:
        arguments: those of ``python -m trainer``; paths must be absolute and on storage that every worker
            sees.
        storage: where Ray keeps its own notes; checkpoints go to the run folder as always.

    Raises:
        ray.train.TrainingFailedError: a worker failed; its message is that of the trainer.
    """
    trainer = TorchTrainer(
        _worker,
        train_loop_config={"arguments": arguments},
        torch_config=TorchConfig(
            backend="nccl" if gpus else "gloo", timeout_s=int(LONGEST_WAIT.total_seconds())
        ),
        scaling_config=ScalingConfig(
            num_workers=workers, use_gpu=gpus, resources_per_worker={"CPU": cpus_per_worker}
        ),
        run_config=RunConfig(storage_path=str(storage.resolve())),
    )
    address = os.environ.get("RAY_ADDRESS", "local")
    size: dict[str, Any] = (
        {"num_cpus": workers * cpus_per_worker, "include_dashboard": False} if address == "local" else {}
    )
    ray.init(address=address, **size)
    try:
        trainer.fit()
    finally:
        ray.shutdown()


def _worker(config: dict[str, list[str]]) -> None:
    if trainer_main(config["arguments"]):
        raise RuntimeError("the trainer stopped with an error; see the worker's log above")


def main(arguments: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(
        prog="python -m trainer.ray_launch",
        description="Run the trainer on a Ray cluster (RAY_ADDRESS, or a local one).",
    )
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument(
        "--cpus-per-worker", type=int, default=1, help="as many as the curriculum's train.threads (default 1)"
    )
    parser.add_argument("--gpus", action="store_true", help="one GPU a worker, NCCL instead of gloo")
    parser.add_argument(
        "--storage",
        type=Path,
        default=Path("runs/.ray"),
        help="folder for Ray's own notes (default runs/.ray)",
    )
    parser.add_argument("trainer", nargs="+", help="-- and the arguments of python -m trainer")
    options = parser.parse_args(arguments)
    launch(
        options.trainer,
        options.workers,
        options.storage,
        gpus=options.gpus,
        cpus_per_worker=options.cpus_per_worker,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
