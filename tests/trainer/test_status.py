"""``openba status``: where a training is, and what comes next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from openba.cli.main import main
from tests.trainer.disturbed import KillAt, Killed
from tests.trainer.test_blend import blended
from tests.trainer.test_stage_request import arguments
from trainer.monitor.progress_file import NAME
from trainer.run import TrainingRun
from trainer.train import train


def told(run: TrainingRun, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["status", *arguments(run), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


class AskAt:
    """Somebody asks while the training makes a step."""

    def __init__(self, run: TrainingRun, step: int, capsys: pytest.CaptureFixture[str]) -> None:
        self._run, self._step, self._capsys = run, step, capsys

    def step(self, record: dict[str, Any], _: Any) -> None:
        if record["step"] == self._step:
            self.found = told(self._run, self._capsys)


def test_a_training_before_it_begins_at_work_stopped_and_at_its_end(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = blended(prepared, tmp_path)
    before = told(run, capsys)
    assert (before["state"], before["step"], before["stage"], before["tokens"]) == ("not begun", 0, "ul2", 0)
    steps = run.curriculum().total_steps
    assert [(one["step"], one["what"]) for one in before["next"]] == [
        (8, "biflan begins"),
        (15, "biflan has taken the place of the stage before"),
        (steps, "the end"),
    ]
    asking = AskAt(run, 1, capsys)
    with pytest.raises(Killed):
        train(run, [asking, KillAt(11)], quiet=True)
    running = asking.found
    assert (running["state"], running["step"]) == ("in use by openba train", 1)
    assert running["tokens_per_second"] > 0
    assert [one["seconds"] >= 0 for one in running["next"]] == [True] * 3
    stopped = told(run, capsys)
    assert (stopped["state"], stopped["step"], stopped["stage"]) == ("stopped", 9, "biflan")
    assert (stopped["stage_step"], stopped["checkpoints"]) == (1, [8, 9])
    assert stopped["blend"] == run.curriculum().step(9).share
    assert stopped["heldout"].keys() == {"ul2", "biflan"}
    assert main(["switch", "--next", *arguments(run)]) == 1, "biflan is the last stage"
    assert train(run, quiet=True)
    ended = told(run, capsys)
    assert (ended["state"], ended["step"], ended["stage_step"]) == ("finished", steps, steps - 8)
    assert not (run.train_folder / NAME).exists()


def test_the_same_for_people(prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = blended(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(5)], quiet=True)
    assert main(["switch", "--next", *arguments(run)]) == 0
    capsys.readouterr()
    assert main(["status", *arguments(run)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{run.folder}: stopped"
    assert "  stage     ul2 (1 of 2), step 3 of 8" in lines
    assert "  next      step 8: biflan begins" in lines
    assert "  asked     ul2 ends with the step under way" in lines
    assert "  kept      checkpoints of the steps 3" in lines


def test_a_file_of_a_training_that_was_killed_says_nothing(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = blended(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(5)], quiet=True)
    (run.train_folder / NAME).write_text('{"step": 5}')
    assert told(run, capsys)["step"] == 3
