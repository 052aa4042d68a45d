"""``openba switch``: a person ends a stage, once, whenever the training is killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curriculum.journal_events import StageEndedEarly
from manifests.border.logs import read_metrics
from openba.cli.main import main
from tests.trainer.disturbed import KillAt, Killed, copy, outcome
from tests.trainer.test_blend import blended
from trainer.run import TrainingRun
from trainer.train import train


def arguments(run: TrainingRun) -> list[str]:
    return ["--curriculum", str(run.folder / "curriculum.yaml"), "--run", str(run.folder)]


class SwitchAt:
    """Somebody calls the command while the training makes a step."""

    def __init__(self, run: TrainingRun, step: int) -> None:
        self._run, self._step = run, step

    def step(self, record: dict[str, Any], _: Any) -> None:
        if record["step"] == self._step:
            assert main(["switch", "--next", *arguments(self._run)]) == 0


def ended(run: TrainingRun) -> StageEndedEarly:
    (event,) = run.journal().events
    assert isinstance(event, StageEndedEarly)
    return event


def test_a_running_training_goes_over_to_the_next_stage(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy(prepared, tmp_path)
    assert train(run, [SwitchAt(run, 5)], quiet=True)
    assert f"{run.folder}: ul2 ends with the step under way; then biflan begins\n" in capsys.readouterr().out
    assert (ended(run).stage, ended(run).step, ended(run).reason) == ("ul2", 5, "asked for by openba switch")
    assert [line["stage"] for line in read_metrics(run.metrics_file)] == ["ul2"] * 5 + ["biflan"] * 4
    assert not (run.train_folder / "switch.json").exists()


@pytest.mark.parametrize("kills", [[6], [7], [9], [6, 8]])
def test_it_is_done_once_whenever_the_training_is_killed(
    prepared: Path, tmp_path: Path, kills: list[int]
) -> None:
    results = []
    for name, steps in (("whole", []), ("killed", kills)):
        run = blended(prepared, tmp_path / name)
        for step in steps:
            with pytest.raises(Killed):
                train(run, [SwitchAt(run, 5), KillAt(step)], quiet=True)
        assert train(run, [] if ended_already(run) else [SwitchAt(run, 5)], quiet=True)
        assert ended(run).step == 5
        results.append(outcome(run))
    assert results[0] == results[1]


def ended_already(run: TrainingRun) -> bool:
    return bool(run.journal().events)


def test_a_stopped_training_does_it_when_it_goes_on(prepared: Path, tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(4)], quiet=True)
    assert main(["switch", "biflan", *arguments(run)]) == 0
    assert train(run, quiet=True)
    assert ended(run).step == 4, "its checkpoint is after step 3"


def test_what_cannot_be_is_one_line(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy(prepared, tmp_path)
    assert main(["switch", "--next", *arguments(run)]) == 1
    assert capsys.readouterr().err == (
        f"error: {run.train_folder}: the training has not begun: no stage is under way\n"
    )
    with pytest.raises(Killed):
        train(run, [KillAt(4)], quiet=True)
    assert main(["switch", "ul2", *arguments(run)]) == 1
    assert capsys.readouterr().err == (
        f"error: {run.train_folder}: biflan comes after ul2, which is under way, not ul2; give --next or biflan\n"
    )
    assert main(["switch", *arguments(run)]) == 2
    with pytest.raises(Killed):
        train(run, [KillAt(10)], quiet=True)
    assert main(["switch", "--next", *arguments(run)]) == 1
    assert "no stage comes after biflan, which is under way" in capsys.readouterr().err
    assert train(run, quiet=True)
    assert main(["switch", "--next", *arguments(run)]) == 1
    assert "the training has come to its end" in capsys.readouterr().err
