"""Plug-ins of a training: an objective, a callback, a metric that ends a stage; each in a module beside the
manifest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests.border.logs import read_evaluations, read_metrics
from manifests.plugins import PluginError
from tests.trainer.disturbed import KillAt, Killed, outcome
from tests.trainer.test_launchers import ROOT, launcher
from trainer.checkpoint.compatibility import CompatibilityError
from trainer.inference import export_model
from trainer.run import TrainingRun
from trainer.train import train

pytestmark = pytest.mark.slow

OBJECTIVE = '''
import numpy as np

from curriculum.objective_shape import ObjectiveShape
from trainer.data.batch import make_batch


class Copying:
    """The decoder writes what the encoder reads; the second denoiser writes it backwards."""

    def __init__(self, settings, vocabulary):
        self.vocabulary = vocabulary
        length = settings["length"]
        self.shape = ObjectiveShape(chunk_length=length, denoisers=2, longest=(length, length + 1))

    def apply(self, samples, denoiser, seeds):
        text = samples.astype(np.int64)
        end = np.full((len(text), 1), self.vocabulary.eos)
        labels = np.concatenate((text[:, ::-1] if denoiser else text, end), axis=1)
        return make_batch(text, labels, self.vocabulary.pad)
'''
COPYING = {"kind": "plugin", "use": "copying:Copying", "settings": {"length": 20}}
METRIC = '''
from statistics import fmean


def mean_loss(record):
    """Of the stage's held-out sets."""
    with open({calls!r}, "a") as calls:
        calls.write(f"{{record['step']}}\\n")
    return fmean(record["losses"].values())
'''
CALLBACK = '''
import json
from pathlib import Path


class Log:
    """A line for each call."""

    def on_start(self, run, step):
        self.file = (run.folder / "told.jsonl").open("a")
        self.tell("on_start", run.manifest.name, step)

    def tell(self, *what):
        self.file.write(json.dumps(what) + "\\n")

    def step(self, record, throughput):
        self.tell("step", record["step"], throughput.tokens_per_second > 0)

    def evaluation(self, record):
        self.tell("evaluation", record["step"], record["stage"])

    def checkpoint(self, step, folder):
        self.tell("checkpoint", step, (Path(folder) / "checkpoint.json").exists())

    def stage_end(self, stage, step):
        self.tell("stage_end", stage, step)

    def journal_event(self, event):
        self.tell("journal_event", event.event, event.step)

    def close(self):
        self.tell("close")
        self.file.close()
'''


def prepare(prepared: Path, folder: Path, modules: dict[str, str], change: Any) -> TrainingRun:
    """A run with modules beside its manifest, which ``change`` has changed."""
    shutil.copytree(prepared, folder / "run")
    for name, text in modules.items():
        (folder / "run" / f"{name}.py").write_text(text, encoding="utf-8")
    file = folder / "run" / "curriculum.yaml"
    data = yaml.safe_load(file.read_text())
    change(data)
    file.write_text(yaml.safe_dump(data))
    return TrainingRun.open(file, folder / "run")


def copying(prepared: Path, folder: Path) -> TrainingRun:
    """A run whose first stage is the plug-in's: 9 steps of 8 samples of 20 tokens, and 4 of pairs."""

    def change(data: dict[str, Any]) -> None:
        data["stages"][0] |= {"objective": COPYING, "tokens": 9 * 8 * 20}

    return prepare(prepared, folder, {"copying": OBJECTIVE}, change)


def until(prepared: Path, folder: Path, below: float) -> TrainingRun:
    """A run whose first stage ends early, when its held-out loss is low; it is measured every two steps."""

    def change(data: dict[str, Any]) -> None:
        data["train"]["evaluate_every"] = 2
        data["stages"][0]["until"] = {"threshold": {"metric": "low_enough:mean_loss", "below": below}}

    return prepare(prepared, folder, {"low_enough": METRIC.format(calls=str(folder / "calls"))}, change)


def calls(folder: Path) -> list[int]:
    """The steps at which the metric was asked."""
    return [int(line) for line in (folder / "calls").read_text().splitlines()]


def in_two_processes(run: TrainingRun) -> None:
    """Trains by torchrun."""
    arguments = ["train", "--curriculum", str(run.folder / "curriculum.yaml"), "--run", str(run.folder)]
    environment = {name: value for name, value in os.environ.items() if name not in {"RANK", "WORLD_SIZE"}}
    done = subprocess.run(
        [*launcher("torchrun"), *arguments, "--quiet"],
        cwd=ROOT,
        env=environment | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def losses(run: TrainingRun) -> list[float]:
    return [line["loss"] for line in read_metrics(run.metrics_file)]


def test_an_objective_is_trained_resumed_exported_and_alike_in_two_processes(
    prepared: Path, tmp_path: Path
) -> None:
    whole = copying(prepared, tmp_path / "whole")
    assert train(whole, quiet=True)
    assert len(losses(whole)) == 13
    evaluated = {line["stage"] for line in read_evaluations(whole.evaluations_file)}
    assert evaluated == {"ul2", "biflan"}
    killed = copying(prepared, tmp_path / "killed")
    with pytest.raises(Killed):
        train(killed, [KillAt(7)], quiet=True)
    assert train(killed, quiet=True)
    assert outcome(killed) == outcome(whole)
    export_model(whole, tmp_path / "exported")
    config = json.loads((tmp_path / "exported" / "config.json").read_text())
    assert (config["max_seq_length"], config["decoder_max_seq_length"]) == (32, 21)
    two = copying(prepared, tmp_path / "two")
    in_two_processes(two)
    assert losses(two) == pytest.approx(losses(whole), rel=1e-5)


def test_both_denoisers_of_an_objective_are_drawn(prepared: Path, tmp_path: Path) -> None:
    curriculum = copying(prepared, tmp_path).curriculum()
    drawn = {
        denoiser
        for step in range(9)
        for denoiser in curriculum.step(step).parts[0].samples.denoisers.tolist()
    }
    assert drawn == {0, 1}


def test_a_run_is_not_continued_with_other_code_of_its_objective(prepared: Path, tmp_path: Path) -> None:
    run = copying(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(7)], quiet=True)
    before = run.fingerprint
    (run.folder / "copying.py").write_text(OBJECTIVE + "\n# changed\n")
    again = TrainingRun.open(run.folder / "curriculum.yaml", run.folder)
    assert again.fingerprint != before
    message = "step-000000006 was trained with other code of the plug-in copying:Copying; change it back"
    with pytest.raises(CompatibilityError, match=message):
        train(again, quiet=True)


def test_an_objective_that_no_step_was_trained_with_may_change(prepared: Path, tmp_path: Path) -> None:
    def change(data: dict[str, Any]) -> None:
        data["stages"].append(
            data["stages"][0] | {"name": "copies", "objective": COPYING, "tokens": 2 * 8 * 20}
        )

    run = prepare(prepared, tmp_path, {"copying": OBJECTIVE}, change)
    with pytest.raises(Killed):
        train(run, [KillAt(7)], quiet=True)
    (run.folder / "copying.py").write_text(OBJECTIVE + "\n# changed\n")
    again = TrainingRun.open(run.folder / "curriculum.yaml", run.folder)
    assert train(again, quiet=True)
    assert [line["stage"] for line in read_metrics(run.metrics_file)][-2:] == ["copies", "copies"]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("return make_batch(", "its apply returned NoneType, not a trainer.data.batch.Batch"),
        ("text = samples", r"copying.py:18: plug-in copying:Copying failed: NameError: name 'text'"),
        ("self.shape = ", "its shape is None; give it an attribute shape"),
    ],
)
def test_a_wrong_objective_is_named(prepared: Path, tmp_path: Path, broken: str, message: str) -> None:
    run = copying(prepared, tmp_path)
    (run.folder / "copying.py").write_text(OBJECTIVE.replace(broken, f"# {broken}"))
    with pytest.raises(PluginError, match=message):
        train(run, quiet=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "def mean_loss(record):\n    return record['none']\n",
            r"low_enough.py:2: .*low_enough:mean_loss failed",
        ),
        ("def mean_loss(record):\n    return 'low'\n", "it returned 'low', not a number"),
        ("mean = 3\n", "there is no 'mean_loss' in the module; it has mean"),
    ],
)
def test_a_wrong_metric_is_named(prepared: Path, tmp_path: Path, text: str, message: str) -> None:
    run = until(prepared, tmp_path, below=100)
    (run.folder / "low_enough.py").write_text(text)
    with pytest.raises(PluginError, match=message):
        train(run, quiet=True)


def test_a_plugin_that_is_not_there_is_an_error_before_the_training(prepared: Path, tmp_path: Path) -> None:
    run = logged(prepared, tmp_path, CALLBACK)
    (run.folder / "logs.py").unlink()
    with pytest.raises(PluginError, match=r"plug-in logs:Log: there is no module 'logs'; put logs.py into "):
        train(run, quiet=True)
    assert not run.train_folder.exists()


def logged(prepared: Path, folder: Path, text: str) -> TrainingRun:
    def change(data: dict[str, Any]) -> None:
        data["train"]["callbacks"] = ["logs:Log"]

    return prepare(prepared, folder, {"logs": text}, change)
