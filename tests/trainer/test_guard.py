"""Faults of every kind in a real training, small as it is: what the guard does about them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from curriculum.journal_events import Rollback
from manifests.border.logs import read_evaluations, read_metrics
from tests.trainer.disturbed import Fault, KillAt, Killed, blow_up, copy, grow, longer, outcome
from tests.trainer.states import held
from tests.trainer.tiny import write_curriculum, write_shards
from trainer.engine import TrainingEngine
from trainer.run import TrainingRun
from trainer.step_result import StepResult
from trainer.train import train


def rollbacks(run: TrainingRun) -> list[tuple[int, int, str]]:
    """From which step to which, and the first word of why."""
    events = (event for event in run.journal().events if isinstance(event, Rollback))
    return [(event.step, event.to, event.reason.split()[0]) for event in events]


def spoil_gradient(engine: TrainingEngine) -> None:
    """One gradient of the next backward pass is not a number."""
    left = [torch.nan]
    weight = next(engine.module.parameters())
    weight.register_hook(lambda gradient: gradient * left.pop() if left else gradient)


class Each:
    """Does something before each step that ``when`` names by how many were made since, rolled back or not, and
    takes it back after it where ``back``."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        when: Callable[[int], bool],
        harm: Callable[[TrainingEngine], None],
        *,
        back: bool,
    ) -> None:
        step, calls = TrainingEngine.step, itertools.count()

        def faulty(engine: TrainingEngine, *arguments: Any) -> StepResult:
            state = held(engine.state())
            harmed = when(next(calls))
            if harmed:
                harm(engine)
            result = step(engine, *arguments)
            if harmed and back:
                engine.load(state)
            return result

        monkeypatch.setattr(TrainingEngine, "step", faulty)


def test_a_gradient_that_is_not_finite_costs_its_step_alone(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = []
    for name, killers in (("whole", []), ("killed", [KillAt(18)])):
        run = longer(copy(prepared, tmp_path / name), patience=3)
        Fault(monkeypatch, 7, spoil_gradient)
        for killer in killers:
            with pytest.raises(Killed):
                train(run, [killer], quiet=True)
        assert train(run, quiet=True)
        monkeypatch.undo()
        assert rollbacks(run) == []
        results.append(outcome(run))
    assert results[0] == results[1]
    lines = read_metrics(run.metrics_file)
    (skipped,) = [line for line in lines if "skipped" in line]
    assert (skipped["step"], skipped["gradient_norm"]) == (8, None)
    assert skipped["skipped"] == "the gradient's norm is nan"
    assert 4 < skipped["loss"] < 7
    assert yaml.safe_load(results[0]["manifest.json"])["skipped_steps"] == 1
    assert [line["step"] for line in lines] == list(range(1, 41))


def test_steps_that_are_not_finite_again_and_again_roll_back(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = longer(copy(prepared, tmp_path), patience=2)
    Each(monkeypatch, lambda made: made in (10, 11), spoil_gradient, back=False)
    assert train(run, quiet=True)
    assert rollbacks(run) == [(12, 9, "the")]


def test_the_first_steps_are_watched(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = longer(copy(prepared, tmp_path), window=64)
    Fault(monkeypatch, 1, blow_up)
    assert train(run, quiet=True)
    assert rollbacks(run) == [(3, 0, "spike:")]


def test_the_first_steps_after_a_switch_are_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss that would do for a new model is far too high for one that comes from another stage."""
    write_shards(tmp_path, heldout_pairs=16)
    settings = {"threads": 1, "checkpoint_every": 100, "evaluation_samples": 16}
    run = TrainingRun.open(write_curriculum(tmp_path / "curriculum.yaml", train=settings), tmp_path)
    data = yaml.safe_load((tmp_path / "curriculum.yaml").read_text())
    data["stages"][0]["tokens"] = 120 * 8 * 24
    data["stages"][0]["max_epochs"] = {"en": 99, "zh": 99}
    (tmp_path / "curriculum.yaml").write_text(yaml.safe_dump(data))
    run = TrainingRun.open(tmp_path / "curriculum.yaml", tmp_path)
    Fault(monkeypatch, 120, lambda engine: grow(engine, 3))
    assert train(run, quiet=True)
    lines = read_metrics(run.metrics_file)
    first = next(line for line in lines if line["stage"] == "biflan")
    assert first["expected"] == pytest.approx(first["loss"], rel=0.1)
    assert [line["step"] for line in lines if "expected" in line] == [121], "zh has no held-out set"
    assert rollbacks(run) == [(123, 120, "spike:")]


def test_spikes_that_come_again_and_again_roll_back(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = longer(copy(prepared, tmp_path), rollbacks=1, patience=3)
    Each(monkeypatch, lambda made: made in range(16, 33, 4), blow_up, back=True)
    assert train(run, quiet=True)
    assert rollbacks(run) == [(33, 15, "spike:")], "no checkpoint before spikes are forgotten"


def test_weights_that_an_update_has_spoilt_are_not_kept(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss of the step before says nothing of it."""
    run = longer(copy(prepared, tmp_path), patience=3)
    Fault(monkeypatch, 11, blow_up, after=True)
    with pytest.raises(Killed):
        train(run, [KillAt(13)], quiet=True)
    assert sorted(folder.name for folder in run.checkpoints.glob("step-*")) == [
        "step-000000006",
        "step-000000009",
    ]


@pytest.mark.parametrize("update", [39, 38], ids=["the last update", "the one before"])
def test_a_stage_does_not_end_on_a_blow_up(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: int
) -> None:
    run = longer(copy(prepared, tmp_path), patience=3)
    Fault(monkeypatch, update, blow_up, after=True)
    assert train(run, quiet=True)
    assert rollbacks(run) == [(40, 39 if update == 39 else 36, "spike:")]
    losses = [line["losses"]["en"] for line in read_evaluations(run.evaluations_file)]
    assert losses[-1] < losses[0]


def test_weights_that_drift_roll_back(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = longer(copy(prepared, tmp_path))
    data = yaml.safe_load((run.folder / "curriculum.yaml").read_text())
    data["stages"][0]["tokens"] = 120 * 8 * 24
    data["train"] |= {"guard": {"window": 16}, "checkpoint_every": 20}
    (run.folder / "curriculum.yaml").write_text(yaml.safe_dump(data))
    run = TrainingRun.open(run.folder / "curriculum.yaml", run.folder)
    Each(monkeypatch, lambda made: 40 <= made < 66, lambda engine: grow(engine, 1.08), back=False)
    assert train(run, quiet=True)
    (step, to, reason), *_ = rollbacks(run)
    assert reason == "drift:"
    assert 40 <= to < step <= 66
