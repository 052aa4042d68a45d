"""torchrun, DeepSpeed's launcher and Ray start the same module, and it computes the same, byte for byte."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from manifests.border.logs import read_metrics
from trainer.run import TrainingRun
from trainer.train import train

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def launcher(name: str, notes: Path) -> list[str]:
    """The command that starts ``trainer`` in two processes, up to the trainer's own arguments."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        "torchrun": [str(BIN / "torchrun"), "--standalone", "--nproc-per-node", "2", "-m", "--", "trainer"],
        "deepspeed": [
            str(BIN / "deepspeed"), "--num_nodes", "1", "--num_gpus", "2", "--master_port", str(port), "--module", "trainer"
        ],
        "ray": [sys.executable, "-m", "trainer.ray_launch", "--workers", "2", "--storage", str(notes), "--"],
    }[name]  # fmt: skip


def launch(name: str, prepared: Path, folder: Path) -> TrainingRun:
    """A run that a launcher trained in two processes."""
    shutil.copytree(prepared, folder / "run")
    arguments = [
        "train",
        "--curriculum",
        str(folder / "run" / "curriculum.yaml"),
        "--run",
        str(folder / "run"),
    ]
    environment = {
        name: value for name, value in os.environ.items() if name not in {"RANK", "LOCAL_RANK", "WORLD_SIZE"}
    }
    # Ray would kill workers where something else on the machine needs the memory.
    environment |= {"DS_ACCELERATOR": "cpu", "OMP_NUM_THREADS": "1", "RAY_memory_monitor_refresh_ms": "0"}
    done = subprocess.run(
        [*launcher(name, folder / "notes"), *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("step 12/12  biflan  loss ") == 1, (
        "process 0 alone says how it goes, and says it once"
    )
    return TrainingRun.open(folder / "run" / "curriculum.yaml", folder / "run")


def test_three_launchers_train_alike(prepared: Path, tmp_path: Path) -> None:
    alone = TrainingRun.open(
        prepared / "curriculum.yaml", Path(shutil.copytree(prepared, tmp_path / "alone"))
    )
    assert train(alone, quiet=True)
    runs = {name: launch(name, prepared, tmp_path / name) for name in ("torchrun", "deepspeed", "ray")}
    for file in ("metrics.jsonl", "evaluation.jsonl", "manifest.json"):
        assert len({(run.train_folder / file).read_bytes() for run in runs.values()}) == 1, file
    expected, found = (read_metrics(run.train_folder / "metrics.jsonl") for run in (alone, runs["torchrun"]))
    assert [line["loss"] for line in found] == pytest.approx([line["loss"] for line in expected], rel=1e-5)
    assert [line["tokens_by_set"] for line in found] == [line["tokens_by_set"] for line in expected]
