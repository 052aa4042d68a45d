from __future__ import annotations

from pathlib import Path

import pytest

from openba.cli.main import main
from tests.trainer.tiny import write_curriculum
from trainer.data.idle_ranks import idle_warnings, stage_shares
from trainer.run import TrainingRun


@pytest.fixture(scope="module")
def run(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    return TrainingRun.open(write_curriculum(tmp_path_factory.mktemp("idle") / "curriculum.yaml"), prepared)


def test_stages_with_too_few_samples_for_the_processes_are_warned_of(run: TrainingRun) -> None:
    """Eight samples in a step of the first stage, four in one of the second."""
    assert stage_shares(run, 1) == {"ul2": 1.0, "biflan": 1.0}
    shares = stage_shares(run, 64)
    assert shares["ul2"] <= 8 / 64
    assert shares["biflan"] <= 4 / 64
    first, second = idle_warnings(run, 64)
    assert first.startswith("stage ul2: 64 processes are busy for 1")
    assert "of the 4 of a step the dearest decides; raise global_batch, or train on fewer: " in second
    assert list(idle_warnings(run, 1)) == []


def test_check_warns_of_idle_processes(run: TrainingRun, capsys: pytest.CaptureFixture[str]) -> None:
    curriculum = str(run.manifest_folder / "curriculum.yaml")
    assert main(["check", curriculum, "--run", str(run.folder), "--ranks", "64"]) == 0
    assert "warning: stage biflan: 64 processes are busy for " in capsys.readouterr().out
    assert main(["check", curriculum, "--run", str(run.folder)]) == 0
    assert "busy" not in capsys.readouterr().out
