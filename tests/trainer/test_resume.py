from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.trainer.tiny import write_curriculum, write_shards
from trainer.checkpoint import newest
from trainer.history import HistoryError
from trainer.records import read
from trainer.run import Run
from trainer.train import Diverged, train

ROOT = Path(__file__).parents[2]
RECORDS = ("metrics.jsonl", "evaluation.jsonl", "manifest.json")


class Killed(Exception):
    pass


class KillAt:
    """A watcher that stops the run after a step."""

    def __init__(self, step: int) -> None:
        self._step = step

    def step(self, record: dict[str, Any]) -> None:
        if record["step"] == self._step:
            self.stop()

    def stop(self) -> None:
        raise Killed

    def evaluation(self, record: dict[str, Any]) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with shards, not to be trained in."""
    folder = tmp_path_factory.mktemp("prepared")
    write_shards(folder)
    write_curriculum(folder / "curriculum.yaml")
    return folder


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves that nobody disturbed."""
    run = copy(prepared, tmp_path_factory.mktemp("undisturbed"))
    assert train(run, quiet=True)
    return outcome(run)


def copy(prepared: Path, folder: Path) -> Run:
    shutil.copytree(prepared, folder / "run")
    return Run.open(folder / "run" / "curriculum.yaml", folder / "run")


def outcome(run: Run) -> dict[str, bytes]:
    return {name: (run.train_folder / name).read_bytes() for name in RECORDS}


def test_the_curriculum_is_trained_to_its_end(undisturbed: dict[str, bytes]) -> None:
    assert undisturbed["metrics.jsonl"].count(b"\n") == 12
    assert undisturbed["evaluation.jsonl"].count(b"\n") == 6
    assert b'"steps": 12' in undisturbed["manifest.json"]


def test_the_model_learns(prepared: Path, undisturbed: dict[str, bytes]) -> None:
    losses = [line["loss"] for line in map(yaml.safe_load, undisturbed["metrics.jsonl"].decode().splitlines())]
    assert losses[0] == pytest.approx(6.23, abs=0.1)  # ln 512 = 6.24: nothing known
    assert losses[-1] < losses[0] - 0.2


@pytest.mark.parametrize("step", [1, 7, 9, 12])
def test_a_killed_run_ends_with_the_same_bytes(prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path, step: int) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(step)], quiet=True)
    assert len(read(run.train_folder / "metrics.jsonl")) == step
    assert train(run, quiet=True)
    assert outcome(run) == undisturbed
    assert not train(run, quiet=True)


def test_a_torn_checkpoint_costs_steps_but_changes_nothing(prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(7)], quiet=True)
    weights = run.checkpoints / "step-000000006" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    found = newest(run.checkpoints)
    assert found is not None
    assert found.progress.step == 3
    assert train(run, quiet=True)
    assert outcome(run) == undisturbed


KILLED_BY_THE_SYSTEM = """
import os, signal, sys
from pathlib import Path
from trainer.run import Run
from trainer.train import train
from tests.trainer.test_resume import KillAt

class SystemKill(KillAt):
    def stop(self):
        os.kill(os.getpid(), signal.SIGKILL)

train(Run.open(Path(sys.argv[1]) / "curriculum.yaml", Path(sys.argv[1])), [SystemKill(7)], quiet=True)
"""


def test_a_process_killed_by_the_system(prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    killed = subprocess.run([sys.executable, "-c", KILLED_BY_THE_SYSTEM, str(run.folder)], cwd=ROOT, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not run.training_manifest.exists()
    assert train(run, quiet=True)
    assert outcome(run) == undisturbed


def command(run: Run) -> list[str]:
    return [sys.executable, "-m", "trainer", "train", "--curriculum", str(run.folder / "curriculum.yaml"), "--run", str(run.folder)]


def test_two_processes_read_the_same_samples(prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    processes = [
        subprocess.Popen(
            [*command(run), "--quiet"], cwd=ROOT, env=environment | {"RANK": rank, "LOCAL_RANK": rank}, stdout=subprocess.DEVNULL
        )
        for rank in ("0", "1")
    ]
    assert [process.wait() for process in processes] == [0, 0]
    alone = [yaml.safe_load(line) for line in undisturbed["metrics.jsonl"].decode().splitlines()]
    for one, two in zip(alone, read(run.train_folder / "metrics.jsonl"), strict=True):
        assert {**two, "loss": 0, "gradient_norm": 0} == {**one, "loss": 0, "gradient_norm": 0}
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-5)
        assert two["gradient_norm"] == pytest.approx(one["gradient_norm"], rel=1e-4)


def test_another_stage_may_be_added_to_a_finished_run(prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    assert train(run, quiet=True)
    file = run.folder / "curriculum.yaml"
    data = yaml.safe_load(file.read_text())
    data["stages"].append(data["stages"][0] | {"name": "more", "tokens": 2 * 8 * 24})
    file.write_text(yaml.safe_dump(data))
    longer = Run.open(file, run.folder)
    assert train(longer, quiet=True)
    metrics = (run.train_folder / "metrics.jsonl").read_bytes()
    assert metrics.startswith(undisturbed["metrics.jsonl"])
    assert [line["stage"] for line in read(run.train_folder / "metrics.jsonl")[12:]] == ["more", "more"]


def test_a_run_is_not_continued_with_another_past(prepared: Path, tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(7)], quiet=True)
    file = run.folder / "curriculum.yaml"
    data = yaml.safe_load(file.read_text())
    data["stages"][0]["learning_rate"]["peak"] = 0.5
    file.write_text(yaml.safe_dump(data))
    with pytest.raises(HistoryError, match=r"step-000000006 was trained with stages\[0\].learning_rate.peak = 0.003, and .* now says 0.5"):
        train(Run.open(file, run.folder), quiet=True)


def test_a_loss_that_is_not_finite_stops_the_run_before_the_weights_are_touched(prepared: Path, tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    data = yaml.safe_load((run.folder / "curriculum.yaml").read_text())
    data["stages"][0]["learning_rate"] = {"schedule": "constant", "peak": 1e30}
    data["stages"][0]["optimizer"] = {"weight_decay": 1e9}
    (run.folder / "curriculum.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(
        Diverged, match=r"step 2 \(stage ul2\): the loss is nan; its samples by set: \{'en': \[.*the last checkpoint is none"
    ):
        train(Run.open(run.folder / "curriculum.yaml", run.folder), quiet=True)
    assert [line["step"] for line in read(run.train_folder / "metrics.jsonl")] == [1]
