from __future__ import annotations

import errno
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests.border.logs import read_evaluations, read_metrics
from tests.trainer.disturbed import KillAt, Killed, command, copy, longer, outcome
from tests.trainer.processes import ROOT, group
from trainer.checkpoint import saving
from trainer.checkpoint.checkpoint import newest
from trainer.checkpoint.compatibility import CompatibilityError
from trainer.checkpoint.error import CheckpointError
from trainer.checkpoint.slice_files import file_name
from trainer.run import TrainingRun
from trainer.train import train


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves that nobody disturbed."""
    run = copy(prepared, tmp_path_factory.mktemp("undisturbed"))
    assert train(run, quiet=True)
    return outcome(run)


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
    assert len(read_metrics(run.train_folder / "metrics.jsonl")) == step
    assert train(run, quiet=True)
    assert outcome(run) == undisturbed
    assert not train(run, quiet=True)


def test_a_torn_checkpoint_costs_steps_but_changes_nothing(
    prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(7)], quiet=True)
    weights = run.checkpoints / "step-000000006" / file_name("weights", 0, 1)
    weights.write_bytes(weights.read_bytes()[:-1])
    found = newest(run.checkpoints)
    assert found is not None
    assert found.progress.step == 3
    assert train(run, quiet=True)
    assert outcome(run) == undisturbed
    warning = "step-000000006: warning: is damaged; step-000000003 is used instead"
    assert warning in capsys.readouterr().err


KILLED_BY_THE_SYSTEM = """
import os, signal, sys
from pathlib import Path
from trainer.model.transformer import EncoderDecoder
from trainer.run import TrainingRun
from trainer.train import train
from tests.trainer.disturbed import KillAt, Killed, copy, outcome, command, longer
from tests.trainer.disturbed import KillAt

class SystemKill(KillAt):
    def stop(self):
        os.kill(os.getpid(), signal.SIGKILL)

train(TrainingRun.open(Path(sys.argv[1]) / "curriculum.yaml", Path(sys.argv[1])), [SystemKill(7)], quiet=True)
"""


@pytest.mark.slow
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


STOPPED = """
import sys
from pathlib import Path
from trainer.model.transformer import EncoderDecoder
from trainer.run import TrainingRun
from trainer.train import train
from tests.trainer.disturbed import KillAt, Killed

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
    line = (
        [*command(run), "--quiet"]
        if last is None
        else [sys.executable, "-c", STOPPED, str(run.folder), str(last)]
    )
    processes = [
        subprocess.Popen(
            line,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if last else None,
        )
        for environment in group(world_size)
    ]
    code = processes[0].wait()
    for process in processes[1:]:
        if code:
            process.kill()
        process.wait()
    return code == 9


@pytest.mark.slow
def test_two_processes_read_the_same_samples(
    prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    assert not together(run, 2)
    alone = [yaml.safe_load(line) for line in undisturbed["metrics.jsonl"].decode().splitlines()]
    for one, two in zip(alone, read_metrics(run.train_folder / "metrics.jsonl"), strict=True):
        assert {**two, "loss": 0, "gradient_norm": 0} == {**one, "loss": 0, "gradient_norm": 0}
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-6)
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
    losses = [line["loss"] for line in read_metrics(run.train_folder / "metrics.jsonl")]
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
    assert [line["stage"] for line in read_metrics(run.train_folder / "metrics.jsonl")[12:]] == [
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


@pytest.mark.slow
def test_two_processes_one_and_two_again(
    prepared: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    for world_size, last in ((2, 4), (1, 8), (2, None)):
        killed = together(run, world_size, last)
        assert killed == (last is not None)
    alone = [yaml.safe_load(line) for line in undisturbed["metrics.jsonl"].decode().splitlines()]
    for one, mixed in zip(alone, read_metrics(run.train_folder / "metrics.jsonl"), strict=True):
        assert {**mixed, "loss": 0, "gradient_norm": 0} == {**one, "loss": 0, "gradient_norm": 0}
        assert mixed["loss"] == pytest.approx(one["loss"], abs=1e-4)


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
        for line in read_evaluations(run.train_folder / "evaluation.jsonl")
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
        broken.setattr(saving, "write_slices", full)
        with pytest.raises(
            CheckpointError,
            match=r"No space left on device.*free some space.*goes on from the last whole checkpoint",
        ):
            train(run, quiet=True)
    assert train(run, quiet=True)


def test_a_run_without_a_whole_checkpoint_is_not_begun_anew(prepared: Path, tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(7)], quiet=True)
    for folder in run.checkpoints.iterdir():
        (folder / file_name("optimizer", 0, 1)).unlink()
    before = run.metrics_file.read_bytes()
    with pytest.raises(CheckpointError, match=r"no checkpoint is whole: step-000000006, step-000000003 lack"):
        train(run, quiet=True)
    assert run.metrics_file.read_bytes() == before
