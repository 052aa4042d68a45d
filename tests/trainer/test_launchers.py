"""torchrun, DeepSpeed's launcher and Ray start the same module, and it computes the same, byte for byte."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from manifests.border.logs import read_metrics
from trainer.run import TrainingRun
from trainer.train import train

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def launcher(name: str) -> list[str]:
    """The command that starts ``trainer`` in two processes, up to the trainer's own arguments."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        "torchrun": [str(BIN / "torchrun"), "--standalone", "--nproc-per-node", "2", "-m", "--", "trainer"],
        "deepspeed": [
            str(BIN / "deepspeed"), "--num_nodes", "1", "--num_gpus", "2", "--master_port", str(port), "--module", "trainer"
        ],
        "ray": [sys.executable, "-m", "trainer"],
    }[name]  # fmt: skip


MORE = {"ray": ["--engine", "ray", "--workers", "2"]}
FRAGILE = """
import os, signal
from pathlib import Path

class Fragile:
    def on_start(self, run, step):
        self.tried = Path(run.folder) / "tried"

    def step(self, record, throughput):
        if record["step"] == 8 and not self.tried.exists():
            self.tried.touch()
            os.kill(os.getpid(), signal.SIGKILL)
"""
"""A callback that kills process 0 between two checkpoints, once in a run."""


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
    environment["RAY_worker_niceness"] = "0"  # as the other launchers
    done = subprocess.run(
        [*launcher(name), *arguments, *MORE.get(name, [])],
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


def test_a_lost_worker_changes_no_byte_and_leaves_nothing(prepared: Path, tmp_path: Path) -> None:
    """It is process 0, which writes the journal; Ray begins again at the newest checkpoint."""
    fragile = Path(shutil.copytree(prepared, tmp_path / "fragile"))
    (fragile / "fragile.py").write_text(FRAGILE, encoding="utf-8")
    data = yaml.safe_load((fragile / "curriculum.yaml").read_text(encoding="utf-8"))
    data["train"]["callbacks"] = ["fragile:Fragile"]
    (fragile / "curriculum.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    lost = launch("ray", fragile, tmp_path / "lost")
    assert (lost.folder / "tried").exists()
    (fragile / "tried").touch()
    whole = launch("torchrun", fragile, tmp_path / "whole")
    for file in ("metrics.jsonl", "evaluation.jsonl", "journal.jsonl", "manifest.json"):
        assert (lost.train_folder / file).read_bytes() == (whole.train_folder / file).read_bytes(), file
    assert not (lost.folder / ".ray").exists()
    assert not (lost.folder / ".lock").exists()
