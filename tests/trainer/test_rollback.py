"""Faults that roll a run back, and the samples that are then skipped."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from curriculum.curriculum import Curriculum
from curriculum.journal_events import Rollback
from manifests.border.logs import read_evaluations, read_metrics
from tests.trainer.disturbed import Fault, KillAt, Killed, blow_up, copy, longer, outcome, spoil
from trainer.engine import TrainingEngine
from trainer.rollback import DivergedError
from trainer.run import TrainingRun
from trainer.train import train


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
    lines = read_metrics(run.train_folder / "metrics.jsonl")
    assert [line["step"] for line in lines] == list(range(1, 41))
    assert max(line["loss"] for line in lines) < 6.5
    again = run.curriculum().step(event.to).parts[0].samples
    first = Curriculum(run.manifest, run.shards).step(event.step).parts[0].samples
    assert again.noise.tolist() == first.noise.tolist(), "it goes on with the samples after those it skipped"


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
    where = r"step 4 \(stage ul2\): the loss is nan, for 3 steps in a row; its samples by set: \{'en': \[.*"
    message = where + "the last checkpoint is none; the run was rolled back 1 times"
    with pytest.raises(DivergedError, match=message):
        train(TrainingRun.open(run.folder / "curriculum.yaml", run.folder), quiet=True)
    lines = read_metrics(run.metrics_file)
    assert [line["loss"] is None for line in lines] == [False, True, True, True]


@pytest.mark.parametrize(
    ("tokens", "evaluate_every"), [(12 * 8 * 24, 1), (8 * 24, None)], ids=["often", "at the end"]
)
def test_a_held_out_loss_that_is_not_finite_rolls_back_too(
    prepared: Path, tmp_path: Path, tokens: int, evaluate_every: int | None
) -> None:
    run = copy(prepared, tmp_path)
    data = yaml.safe_load((run.folder / "curriculum.yaml").read_text())
    data["stages"] = [
        data["stages"][0] | {"tokens": tokens, "learning_rate": {"schedule": "constant", "peak": 1e38}}
    ]
    data["train"] |= {"guard": {"rollbacks": 1}, "evaluate_every": evaluate_every}
    (run.folder / "curriculum.yaml").write_text(yaml.safe_dump(data))
    message = (
        r"step 1 \(stage ul2\): the held-out loss of en under the objective of ul2 is (nan|inf); its samples"
    )
    with pytest.raises(DivergedError, match=message):
        train(TrainingRun.open(run.folder / "curriculum.yaml", run.folder), quiet=True)
    assert not list(run.checkpoints.glob("step-*"))
    assert {line["step"] for line in read_evaluations(run.evaluations_file)} == {0}


class LiveParameters:
    """Counts the bytes of all parameters that live when a training begins, and when it begins again."""

    def __init__(self) -> None:
        self.bytes: list[int] = []

    def on_start(self, *_: object) -> None:
        self.bytes.append(sum(one.nbytes for one in gc.get_objects() if type(one) is torch.nn.Parameter))


@pytest.mark.slow
def test_ten_rollbacks_leave_no_model_behind(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = longer(copy(prepared, tmp_path), rollbacks=10)
    data = yaml.safe_load((run.folder / "curriculum.yaml").read_text())
    data["train"] |= {"zero": 3, "evaluation_samples": 1, "checkpoint_every": 1}
    (run.folder / "curriculum.yaml").write_text(yaml.safe_dump(data))
    Fault(monkeypatch, 1, spoil, times=20)
    live = LiveParameters()
    with pytest.raises(Killed):
        train(TrainingRun.open(run.folder / "curriculum.yaml", run.folder), [live, KillAt(2)], quiet=True)
    assert [event.to for event in run.journal().events if isinstance(event, Rollback)] == [1] * 10
    assert len(live.bytes) == 11
    assert set(live.bytes[1:]) == {live.bytes[1]}, "the first has not gathered its small weights yet"
    assert live.bytes[1] > 0
