"""Stage-end metrics and callbacks of one's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from curriculum.journal_events import StageEndedEarly
from manifests.border.logs import read_metrics
from manifests.plugins import PluginError
from manifests.schema.base import ManifestError
from tests.trainer.disturbed import KillAt, Killed
from tests.trainer.test_plugins_of_training import (
    CALLBACK,
    calls,
    in_two_processes,
    logged,
    losses,
    prepare,
    until,
)
from trainer.checkpoint.checkpoint import newest
from trainer.run import TrainingRun
from trainer.train import train

pytestmark = pytest.mark.slow


def test_a_low_metric_ends_a_stage_at_the_same_step_for_all_and_a_replay_asks_it_no_more(
    prepared: Path, tmp_path: Path
) -> None:
    whole = until(prepared, tmp_path / "whole", below=100)
    assert train(whole, quiet=True)
    (event,) = whole.journal().events
    assert isinstance(event, StageEndedEarly)
    assert (event.stage, event.step) == ("ul2", 2)
    assert event.reason.startswith("low_enough:mean_loss was 6.")
    assert event.reason.endswith(", below 100")
    stages = [line["stage"] for line in read_metrics(whole.metrics_file)]
    assert stages == ["ul2"] * 2 + ["biflan"] * 4
    assert calls(tmp_path / "whole") == [2]
    two = until(prepared, tmp_path / "two", below=100)
    in_two_processes(two)
    assert [event.step for event in two.journal().events] == [2]
    assert losses(two) == pytest.approx(losses(whole), rel=1e-5)
    shutil.rmtree(whole.checkpoints)
    whole.training_manifest.unlink()
    before = outcome_without_manifest(whole)
    assert train(whole, quiet=True)
    assert outcome_without_manifest(whole) == before
    assert calls(tmp_path / "whole") == [2], "the journal says it"


def outcome_without_manifest(run: TrainingRun) -> list[bytes]:
    return [file.read_bytes() for file in (run.metrics_file, run.evaluations_file, run.journal().file)]


def test_a_metric_that_is_not_low_changes_nothing(prepared: Path, tmp_path: Path) -> None:
    run = until(prepared, tmp_path, below=0.1)
    assert train(run, quiet=True)
    assert run.journal().events == ()
    assert [line["stage"] for line in read_metrics(run.metrics_file)].count("ul2") == 8
    assert calls(tmp_path) == [2, 4, 6], "not at the stage's end, where it ends anyway"


def test_a_run_killed_around_an_early_end_ends_with_the_same_bytes(prepared: Path, tmp_path: Path) -> None:
    whole = until(prepared, tmp_path / "whole", below=100)
    assert train(whole, quiet=True)
    killed = until(prepared, tmp_path / "killed", below=100)
    for step in (1, 2, 3):
        with pytest.raises(Killed):
            train(killed, [KillAt(step)], quiet=True)
    assert train(killed, quiet=True)
    assert outcome_without_manifest(killed) == outcome_without_manifest(whole)


def test_a_metric_needs_evaluations(prepared: Path, tmp_path: Path) -> None:
    until(prepared, tmp_path, below=1)
    file = tmp_path / "run" / "curriculum.yaml"
    data = yaml.safe_load(file.read_text())
    del data["train"]["evaluate_every"]
    file.write_text(yaml.safe_dump(data))
    with pytest.raises(ManifestError, match=r"stage 'ul2' has until, .* set train.evaluate_every"):
        TrainingRun.open(file, tmp_path / "run")


def test_a_callback_is_told_everything_in_order(prepared: Path, tmp_path: Path) -> None:
    run = logged(prepared, tmp_path, CALLBACK)
    assert train(run, quiet=True)
    told = [tuple(line) for line in map(json.loads, (run.folder / "told.jsonl").read_text().splitlines())]
    evaluations = [("evaluation", step, stage) for step in (0, 8, 12) for stage in ("ul2", "biflan")]
    devices = ("journal_event", "devices", 0)
    assert told[:5] == [("on_start", "tiny", 0), devices, *evaluations[:2], ("step", 1, True)]
    assert [line for line in told if line[0] == "step"] == [("step", step, True) for step in range(1, 13)]
    assert [line for line in told if line[0] == "evaluation"] == evaluations
    assert [line for line in told if line[0] == "checkpoint"] == [
        ("checkpoint", step, True) for step in (3, 6, 8, 9, 12)
    ]
    assert [line for line in told if line[0] == "stage_end"] == [
        ("stage_end", "ul2", 8),
        ("stage_end", "biflan", 12),
    ]
    assert told[-1] == ("close",)


def test_a_callback_changes_no_byte_of_a_run(prepared: Path, tmp_path: Path) -> None:
    with_one = logged(prepared, tmp_path / "one", CALLBACK)
    without = prepare(prepared, tmp_path / "none", {}, lambda data: None)
    for run in (with_one, without):
        assert train(run, quiet=True)
    assert outcome_records(with_one) == outcome_records(without)


def outcome_records(run: TrainingRun) -> list[bytes]:
    return [file.read_bytes() for file in (run.metrics_file, run.evaluations_file)]


def test_an_error_in_a_callback_names_it_and_ends_the_training(prepared: Path, tmp_path: Path) -> None:
    text = "class Log:\n    def step(self, record, throughput):\n        1 / (record['step'] - 5)\n"
    run = logged(prepared, tmp_path, text)
    with pytest.raises(PluginError, match=r"logs.py:3: plug-in logs:Log failed: ZeroDivisionError"):
        train(run, quiet=True)
    found = newest(run.checkpoints)
    assert found is not None
    assert found.progress.step == 3
