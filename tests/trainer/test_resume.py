from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from curriculum.curriculum import Curriculum
from curriculum.journal import Rollback
from manifests.json_lines import read_json_lines
from trainer.checkpoint import checkpoint
from trainer.checkpoint.checkpoint import CheckpointError, newest
from trainer.checkpoint.compatibility import CompatibilityError
from trainer.engine import EngineState, StepResult, TrainingEngine
from trainer.monitor.throughput_and_mfu import Throughput
from trainer.rollback import DivergedError
from trainer.run import TrainingRun
from trainer.train import train

ROOT = Path(__file__).parents[2]
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


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves that nobody disturbed."""
    run = copy(prepared, tmp_path_factory.mktemp("undisturbed"))
    assert train(run, quiet=True)
    return outcome(run)


def copy(prepared: Path, folder: Path) -> TrainingRun:
    shutil.copytree(prepared, folder / "run")
    return TrainingRun.open(folder / "run" / "curriculum.yaml", folder / "run")


def outcome(run: TrainingRun) -> dict[str, bytes]:
    return {name: (run.train_folder / name).read_bytes() for name in RECORDS}


def test_the_curriculum_is_trained_to_its_end(undisturbed: dict[str, bytes]) -> None:
    assert undisturbed["metrics.jsonl"].count(b"\n") == 12
    assert undisturbed["evaluation.jsonl"].count(b"\n") == 6
    assert b'"steps": 12' in undisturbed["manifest.json"]


def test_the_model_learns(prepared: Path, undisturbed: dict[str, bytes]) -> None:
    losses = [
        line["loss"] for line in map(yaml.safe_load, undisturbed["metrics.jsonl"].decode().splitlines())
    ]
    assert losses[0] == pytest.approx(6.23, abs=0.1)  # ln 512 = 6.24: nothing known
    assert losses[-1] < losses[0] - 0.2


@pytest.mark.parametrize("step", [1, 7, 9, 12])
def test_a_killed_run_ends_with_the_same_bytes(
    prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path, step: int
) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(step)], quiet=True)
    assert len(read_json_lines(run.train_folder / "metrics.jsonl")) == step
    assert train(run, quiet=True)
    assert outcome(run) == undisturbed
    assert not train(run, quiet=True)


def test_a_torn_checkpoint_costs_steps_but_changes_nothing(
    prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
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
from trainer.run import TrainingRun
from trainer.train import train
from tests.trainer.test_resume import KillAt

class SystemKill(KillAt):
    def stop(self):
        os.kill(os.getpid(), signal.SIGKILL)

train(TrainingRun.open(Path(sys.argv[1]) / "curriculum.yaml", Path(sys.argv[1])), [SystemKill(7)], quiet=True)
"""


def test_a_process_killed_by_the_system(
    prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_BY_THE_SYSTEM, str(run.folder)],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not run.training_manifest.exists()
    assert train(run, quiet=True)
    assert outcome(run) == undisturbed


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


STOPPED = """
import sys
from pathlib import Path
from trainer.run import TrainingRun
from trainer.train import train
from tests.trainer.test_resume import KillAt, Killed

run = TrainingRun.open(Path(sys.argv[1]) / "curriculum.yaml", Path(sys.argv[1]))
try:
    train(run, [KillAt(int(sys.argv[2]))], quiet=True)
except Killed:
    sys.stdout.flush()
    import os
    os._exit(9)
"""


def together(run: TrainingRun, world_size: int, last: int | None = None) -> bool:
    """Trains in so many processes, which all die after step ``last``; whether they did. Process 0 alone
    has callbacks, so it goes first."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "WORLD_SIZE": str(world_size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    line = (
        [*command(run), "--quiet"]
        if last is None
        else [sys.executable, "-c", STOPPED, str(run.folder), str(last)]
    )
    processes = [
        subprocess.Popen(
            line,
            cwd=ROOT,
            env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if last else None,
        )
        for rank in range(world_size)
    ]
    code = processes[0].wait()
    for process in processes[1:]:
        if code:
            process.kill()
        process.wait()
    return code == 9


def test_two_processes_read_the_same_samples(
    prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    assert not together(run, 2)
    alone = [yaml.safe_load(line) for line in undisturbed["metrics.jsonl"].decode().splitlines()]
    for one, two in zip(alone, read_json_lines(run.train_folder / "metrics.jsonl"), strict=True):
        assert {**two, "loss": 0, "gradient_norm": 0} == {**one, "loss": 0, "gradient_norm": 0}
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-5)
        assert two["gradient_norm"] == pytest.approx(one["gradient_norm"], rel=1e-4)


@pytest.mark.parametrize(("zero", "offload"), [(0, "none"), (2, "optimizer"), (3, "none"), (3, "all")])
def test_what_is_spread_or_offloaded_changes_no_loss(
    prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path, zero: int, offload: str
) -> None:
    run = copy(prepared, tmp_path)
    data = yaml.safe_load((run.folder / "curriculum.yaml").read_text())
    data["train"] |= {"zero": zero, "offload": offload}
    (run.folder / "curriculum.yaml").write_text(yaml.safe_dump(data))
    run = TrainingRun.open(run.folder / "curriculum.yaml", run.folder)
    with pytest.raises(Killed):
        train(run, [KillAt(7)], quiet=True)
    assert train(run, quiet=True)
    usual = [yaml.safe_load(line) for line in undisturbed["metrics.jsonl"].decode().splitlines()]
    losses = [line["loss"] for line in read_json_lines(run.train_folder / "metrics.jsonl")]
    assert losses == pytest.approx([line["loss"] for line in usual], abs=1e-5)


def test_another_stage_may_be_added_to_a_finished_run(
    prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    assert train(run, quiet=True)
    file = run.folder / "curriculum.yaml"
    data = yaml.safe_load(file.read_text())
    data["stages"].append(data["stages"][0] | {"name": "more", "tokens": 2 * 8 * 24})
    file.write_text(yaml.safe_dump(data))
    longer = TrainingRun.open(file, run.folder)
    assert train(longer, quiet=True)
    metrics = (run.train_folder / "metrics.jsonl").read_bytes()
    assert metrics.startswith(undisturbed["metrics.jsonl"])
    assert [line["stage"] for line in read_json_lines(run.train_folder / "metrics.jsonl")[12:]] == [
        "more",
        "more",
    ]


def test_a_run_is_not_continued_with_another_past(prepared: Path, tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(7)], quiet=True)
    file = run.folder / "curriculum.yaml"
    data = yaml.safe_load(file.read_text())
    data["stages"][0]["learning_rate"]["peak"] = 0.5
    file.write_text(yaml.safe_dump(data))
    with pytest.raises(
        CompatibilityError,
        match=r"step-000000006 was trained with stages\[0\].learning_rate.peak = 0.003, and .* now says 0.5",
    ):
        train(TrainingRun.open(file, run.folder), quiet=True)


def test_two_processes_one_and_two_again(
    prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    for world_size, last in ((2, 4), (1, 8), (2, None)):
        killed = together(run, world_size, last)
        assert killed == (last is not None)
    alone = [yaml.safe_load(line) for line in undisturbed["metrics.jsonl"].decode().splitlines()]
    for one, mixed in zip(alone, read_json_lines(run.train_folder / "metrics.jsonl"), strict=True):
        assert {**mixed, "loss": 0, "gradient_norm": 0} == {**one, "loss": 0, "gradient_norm": 0}
        assert mixed["loss"] == pytest.approx(one["loss"], abs=1e-4)


class Fault:
    """Does something to the model before the update of one step, once."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, update: int, harm: Callable[[TrainingEngine], None]
    ) -> None:
        self.done = False
        step = TrainingEngine.step

        def faulty(engine: TrainingEngine, *arguments: Any) -> StepResult:
            if engine.updates == update and not self.done:
                self.done = True
                harm(engine)
            return step(engine, *arguments)

        monkeypatch.setattr(TrainingEngine, "step", faulty)


def spoil(engine: TrainingEngine) -> None:
    """One weight, in the model alone."""
    with torch.no_grad():
        next(engine.module.parameters())[7] = torch.inf


def blow_up(engine: TrainingEngine) -> None:
    """All weights, in the model and in the optimizer."""
    state = engine.state()
    assert state is not None
    engine.load(
        EngineState(
            {name: 30 * weight for name, weight in state.weights.items()}, state.moments, state.updates
        )
    )


def longer(run: TrainingRun, **guard: Any) -> TrainingRun:
    """The same run with forty steps of UL2, and a guard that knows the usual after eight."""
    file = run.folder / "curriculum.yaml"
    data = yaml.safe_load(file.read_text())
    data["stages"] = [data["stages"][0] | {"tokens": 40 * 8 * 24, "max_epochs": {"en": 99, "zh": 99}}]
    data["train"]["guard"] = {"window": 8, "spike": 12, "patience": 2} | guard
    file.write_text(yaml.safe_dump(data))
    return TrainingRun.open(file, run.folder)


@pytest.mark.parametrize(
    ("harm", "update", "reason"), [(spoil, 7, "the loss is nan"), (blow_up, 20, "spike: loss ")]
)
def test_a_fault_is_rolled_back_and_its_samples_are_skipped(
    prepared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[TrainingEngine], None],
    update: int,
    reason: str,
) -> None:
    run = longer(copy(prepared, tmp_path))
    Fault(monkeypatch, update, harm)
    assert train(run, quiet=True)
    (event,) = run.journal().events
    assert isinstance(event, Rollback)
    assert event.reason.startswith(reason)
    assert event.to == update // 3 * 3
    assert event.to < event.step <= update + 3
    lines = read_json_lines(run.train_folder / "metrics.jsonl")
    assert [line["step"] for line in lines] == list(range(1, 41))
    assert max(line["loss"] for line in lines) < 6.5
    again = run.curriculum().step(event.to).micro_batches[0]
    first = Curriculum(run.manifest, run.shards).step(event.step).micro_batches[0]
    assert again.seeds.tolist() == first.seeds.tolist(), "it goes on with the samples after those it skipped"


def test_a_rolled_back_run_that_is_killed_ends_with_the_same_bytes(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = []
    for name, killers in (("whole", []), ("killed", [KillAt(25)])):
        run = longer(copy(prepared, tmp_path / name))
        Fault(monkeypatch, 20, blow_up)
        for killer in killers:
            with pytest.raises(Killed):
                train(run, [killer], quiet=True)
        assert train(run, quiet=True)
        results.append(outcome(run))
    assert results[0] == results[1]


def test_after_so_many_rollbacks_the_run_stops_and_says_why(prepared: Path, tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    data = yaml.safe_load((run.folder / "curriculum.yaml").read_text())
    data["stages"][0] |= {
        "learning_rate": {"schedule": "constant", "peak": 1e30},
        "optimizer": {"weight_decay": 1e9},
    }
    data["train"]["guard"] = {"rollbacks": 1}
    (run.folder / "curriculum.yaml").write_text(yaml.safe_dump(data))
    where = r"step 2 \(stage ul2\): the loss is nan; its samples by set: \{'en': \[.*"
    message = where + "the last checkpoint is none; the run was rolled back 1 times"
    with pytest.raises(DivergedError, match=message):
        train(TrainingRun.open(run.folder / "curriculum.yaml", run.folder), quiet=True)
    assert [line["step"] for line in read_json_lines(run.train_folder / "metrics.jsonl")] == [1]


def test_the_best_checkpoint_is_kept(prepared: Path, tmp_path: Path) -> None:
    run = longer(copy(prepared, tmp_path))
    data = yaml.safe_load((run.folder / "curriculum.yaml").read_text())
    data["stages"][0]["learning_rate"] = {"schedule": "constant", "peak": 3e-2}
    data["train"] |= {"evaluate_every": 6, "keep": 1}
    (run.folder / "curriculum.yaml").write_text(yaml.safe_dump(data))
    run = TrainingRun.open(run.folder / "curriculum.yaml", run.folder)
    assert train(run, quiet=True)
    means = {
        line["step"]: sum(line["losses"].values()) / len(line["losses"])
        for line in read_json_lines(run.train_folder / "evaluation.jsonl")
    }
    best = min((step for step in means if step), key=lambda step: means[step])
    assert sorted(int(folder.name[5:]) for folder in run.checkpoints.iterdir()) == sorted({best, 40})


def test_a_full_disk_is_an_error_that_says_what_to_do(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copy(prepared, tmp_path)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "weights.safetensors")

    with monkeypatch.context() as broken:
        broken.setattr(checkpoint, "save_file", full)
        with pytest.raises(
            CheckpointError,
            match=r"No space left on device.*free some space.*goes on from the last whole checkpoint",
        ):
            train(run, quiet=True)
    assert train(run, quiet=True)
