"""Chosen steps are traced, and a run that is traced leaves the bytes of one that is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from manifests.errors import UserError
from openba.cli.main import main
from tests.trainer.disturbed import KillAt, Killed, copy, outcome
from trainer.monitor.step_profile import StepProfile
from trainer.run import TrainingRun
from trainer.train import train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def usual(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    """A finished run without a trace."""
    run = copy(prepared, tmp_path_factory.mktemp("usual"))
    assert train(run, quiet=True)
    return run


def operators(run: TrainingRun, steps: str) -> list[str]:
    """Names of what a trace has, by its duration events."""
    file = run.train_folder / "profile" / f"steps-{steps}.json"
    events = json.loads(file.read_text())["traceEvents"]
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    return [event["name"] for event in events if event.get("ph") == "X"]


def test_the_command_traces_the_steps_and_the_run_keeps_its_bytes(
    prepared: Path, usual: TrainingRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy(prepared, tmp_path)
    arguments = ["--curriculum", str(run.folder / "curriculum.yaml"), "--run", str(run.folder)]
    assert main(["train", *arguments, "--profile", "2:4", "--quiet"]) == 0
    assert "the trace of steps 2 to 4; open it in" in capsys.readouterr().out
    assert outcome(run) == outcome(usual)
    names = operators(run, "2-4")
    # An embedding looks tokens up for encoder and decoder: in each pass twice, forth and in the guard's.
    assert "aten::embedding" in names
    updates = [name for name in names if name.startswith("Optimizer.step")]
    assert len(updates) == 3, "three steps"


def test_a_trace_may_begin_where_a_run_goes_on(prepared: Path, usual: TrainingRun, tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(8), StepProfile(7, 10)], quiet=True)
    assert not (run.train_folder / "profile").exists(), "a part is no trace of the steps"
    assert train(run, [StepProfile(7, 10)], quiet=True)
    assert len([name for name in operators(run, "7-10") if name.startswith("Optimizer.step")]) == 4
    assert outcome(run) == outcome(usual)


@pytest.mark.parametrize("text", ["", "0", "0:3", "4:3", "3:", "a:b", "-1:2", "1:2:3", "³"])
def test_what_are_no_steps_is_an_error(text: str) -> None:
    with pytest.raises(UserError, match=r"are no steps; give the first and the last one, such as 10:13"):
        StepProfile.of(text)


def test_one_step_is_its_number() -> None:
    one, some = StepProfile.of("7"), StepProfile.of("10:13")
    assert (one.first, one.last, some.first, some.last) == (7, 7, 10, 13)


def test_tensorboard_has_the_peak_of_the_memory(usual: TrainingRun) -> None:
    events = EventAccumulator(str(usual.train_folder / "tensorboard"))
    events.Reload()
    peaks = [event.value for event in events.Scalars("memory/host_peak_bytes")]
    assert len(peaks) == 12
    assert peaks == sorted(peaks)
    stats = json.loads((usual.train_folder / "stats.json").read_text())
    assert 5e7 < peaks[-1] <= stats["peak_memory_bytes"] * (1 + 1e-6)
