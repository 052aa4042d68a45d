"""The average of the weights is that of its definition however it is spread, goes on where a checkpoint left it, can be
chosen, and leaves the training alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from manifests.errors import UserError
from openba.cli.main import main
from tests.trainer.disturbed import KillAt, Killed, copy, outcome
from tests.trainer.export.read_back import read_back
from tests.trainer.processes import forked
from tests.trainer.whole_state import whole_state
from trainer.checkpoint.checkpoint import newest
from trainer.chosen_checkpoint import chosen_checkpoint, state_of
from trainer.engine_state import TensorSlice
from trainer.inference import evaluate_checkpoint, trained_model
from trainer.run import TrainingRun
from trainer.train import train
from trainer.weight_average import WeightAverage

EMA = 0.6


@given(
    decay=st.floats(0.5, 0.9999),
    weights=st.lists(st.lists(st.floats(-2, 2, width=32), min_size=3, max_size=3), min_size=1, max_size=40),
)
def test_the_average_is_that_of_its_definition(decay: float, weights: list[list[float]]) -> None:
    """Of the weights after each update, the first ones forgotten soon."""
    first = TensorSlice("w", 5, torch.zeros(3))
    average = WeightAverage(decay, [first])
    average.slices[0].values.zero_()
    expected = torch.zeros(3, dtype=torch.float64)
    for updates, values in enumerate(weights, start=1):
        average.update([TensorSlice("w", 5, torch.tensor(values))], updates)
        kept = min(decay, (1 + updates) / (10 + updates))
        expected = kept * expected + (1 - kept) * torch.tensor(values, dtype=torch.float64)
    (found,) = average.slices
    assert (found.name, found.start) == ("average.w", 5)
    assert found.values.double() == pytest.approx(expected, abs=1e-5)


@pytest.mark.slow
def test_processes_average_their_slices_at_every_zero_stage() -> None:
    for world_size in (1, 2, 3):
        processes = forked("tests.trainer.averages", world_size=world_size)
        assert [process.returncode for process in processes] == [0] * world_size, processes[-1].stderr
        for kind, (wrong, smoothed, after_load) in json.loads(processes[0].stdout).items():
            assert wrong < 1e-6, (world_size, kind)
            assert smoothed > 1e-4, "it is not the weights"
            assert after_load == 0, (world_size, kind)


def averaging(run: TrainingRun, **settings: Any) -> TrainingRun:
    """The same run with an average of its weights, and other settings of training."""
    file = run.folder / "curriculum.yaml"
    data = yaml.safe_load(file.read_text())
    data["train"] |= {"ema": EMA, **settings}
    file.write_text(yaml.safe_dump(data))
    return TrainingRun.open(file, run.folder)


@pytest.fixture(scope="module")
def averaged(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    """A finished run that keeps an average; not to be changed."""
    run = averaging(copy(prepared, tmp_path_factory.mktemp("averaged")))
    assert train(run, quiet=True)
    return run


def saved(run: TrainingRun) -> dict[str, bytes]:
    """The newest checkpoint's files."""
    found = newest(run.checkpoints)
    assert found is not None
    return {path.name: path.read_bytes() for path in found.folder.iterdir() if path.suffix == ".safetensors"}


@pytest.mark.slow
def test_a_killed_run_goes_on_with_its_average_to_the_same_bytes(
    averaged: TrainingRun, prepared: Path, tmp_path: Path
) -> None:
    run = averaging(copy(prepared, tmp_path))
    with pytest.raises(Killed):
        train(run, [KillAt(5)], quiet=True)
    assert train(run, quiet=True)
    assert saved(run) == saved(averaged)
    assert "average-00000-of-00001.safetensors" in saved(run)


@pytest.mark.slow
def test_training_is_the_same_with_an_average_and_without(
    averaged: TrainingRun, prepared: Path, tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    assert train(run, quiet=True)
    for name in ("metrics.jsonl", "evaluation.jsonl"):
        assert outcome(run)[name] == outcome(averaged)[name]
    without = saved(run)
    assert without == {name: saved(averaged)[name] for name in without}
    with pytest.raises(UserError, match=r"step-000000012: holds no average .*; set train.ema"):
        evaluate_checkpoint(run, average=True)


@pytest.mark.slow
def test_an_average_goes_on_with_other_processes_and_another_zero_stage(
    averaged: TrainingRun, prepared: Path, tmp_path: Path
) -> None:
    """Three processes, two, then one."""
    run = copy(prepared, tmp_path / "run")
    for world_size, settings, last in ((3, {"zero": 3}, 4), (2, {"zero": 1}, 7), (1, {"zero": 2}, None)):
        run = averaging(run, **settings)
        arguments = [run.folder] if last is None else [run.folder, last]
        processes = forked("tests.trainer.train_checked", *arguments, world_size=world_size)
        assert processes[0].returncode == (0 if last is None else 9), processes[0].stderr
    one, other = (whole_state(next(iter(sorted(r.checkpoints.glob("step-*12"))))) for r in (run, averaged))
    assert one.keys() == other.keys()
    for name in (name for name in other if name.startswith("average.")):
        assert torch.allclose(one[name], other[name], atol=1e-4), name


@pytest.mark.slow
def test_an_average_that_is_asked_for_later_begins_at_the_weights_of_then(
    averaged: TrainingRun, prepared: Path, tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(10)], quiet=True)
    begun = whole_state(next(iter(run.checkpoints.glob("step-*9"))))
    assert not any(name.startswith("average.") for name in begun)
    assert train(averaging(run, checkpoint_every=1, keep=9), quiet=True)
    weights = [whole_state(next(iter(run.checkpoints.glob(f"step-*{step}")))) for step in (10, 11, 12)]
    for name in (name for name in begun if not name.startswith("exp_avg")):
        expected = begun[name].double()
        for updates, now in enumerate(weights, start=10):
            kept = min(EMA, (1 + updates) / (10 + updates))
            expected = kept * expected + (1 - kept) * now[name].double()
            assert torch.allclose(now[f"average.{name}"].double(), expected, atol=1e-6), name
    assert (
        saved(run)["weights-00000-of-00001.safetensors"]
        == saved(averaged)["weights-00000-of-00001.safetensors"]
    )


@pytest.mark.slow
def test_the_average_is_evaluated_exported_and_written_with_if_asked_for(
    averaged: TrainingRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = whole_state(next(iter(averaged.checkpoints.glob("step-*12"))))
    model = trained_model(averaged, average=True)
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter.flatten(), state[f"average.{name}"])
        assert not torch.equal(parameter.flatten(), state[name]), name
    arguments = ["--curriculum", str(averaged.folder / "curriculum.yaml"), "--run", str(averaged.folder)]
    assert main(["export", *arguments, "--average", "--to", str(tmp_path / "out")]) == 0
    exported = read_back(tmp_path / "out", averaged)
    assert all(torch.equal(exported[name], value) for name, value in model.named_parameters())
    assert evaluate_checkpoint(averaged, average=True) != evaluate_checkpoint(averaged)
    capsys.readouterr()
    assert main(["evaluate", *arguments, "--average", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == evaluate_checkpoint(averaged, average=True)
    assert main(["generate", *arguments, "--average", "--prompt", "for", "--max-tokens", "2"]) == 0
    assert state_of(chosen_checkpoint(averaged), average=True).updates == 12
