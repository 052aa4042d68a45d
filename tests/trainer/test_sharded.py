"""A model and its checkpoints in parts, in one to eight real processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from manifests.border.logs import read_metrics
from tests.trainer.disturbed import copy
from tests.trainer.processes import forked
from trainer.checkpoint.checkpoint import newest
from trainer.checkpoint.slice_files import KINDS, file_name
from trainer.run import TrainingRun
from trainer.train import train

pytestmark = pytest.mark.slow


def test_losses_are_those_of_one_process_whatever_is_spread() -> None:
    found = {}
    for world_size in (1, 2, 3, 4, 8):
        processes = forked("tests.trainer.sharded_losses", world_size=world_size)
        assert [process.returncode for process in processes] == [0] * world_size, processes[-1].stderr
        found[world_size] = json.loads(processes[0].stdout)
    alone = {"fp32": found[1]["fp32 0"], "bf16": found[1]["bf16 2"]}
    for world_size, by_kind in found.items():
        assert len(by_kind) == 7
        for kind, losses in by_kind.items():
            precision = kind.split()[0]
            wanted = pytest.approx(alone[precision], rel={"fp32": 1e-6, "bf16": 1.5e-3}[precision])
            assert losses == wanted, (world_size, kind)
    assert alone["fp32"][2] < alone["fp32"][0]


def test_four_processes_three_eight_and_one_go_on_from_each_other_s_state(
    prepared: Path, tmp_path: Path
) -> None:
    """Each under another ZeRO stage, and each checks the state that it has loaded, bit by bit."""
    alone, run = copy(prepared, tmp_path / "alone"), copy(prepared, tmp_path / "run")
    assert train(alone, quiet=True)
    file = run.folder / "curriculum.yaml"
    data = yaml.safe_load(file.read_text())
    for world_size, zero, last, saved in ((4, 3, 4, 3), (3, 2, 7, 6), (8, 1, 10, 9), (1, 0, None, 12)):
        data["train"]["zero"] = zero
        file.write_text(yaml.safe_dump(data))
        arguments = [run.folder] if last is None else [run.folder, last]
        processes = forked("tests.trainer.train_checked", *arguments, world_size=world_size)
        assert processes[0].returncode == (0 if last is None else 9), processes[0].stderr
        told = [process.stderr for process in processes]
        if saved > 3:
            assert all(f"checked step-{saved - 3:09d}" in one for one in told), told
        found = newest(run.checkpoints)
        assert found is not None
        assert found.progress.step == saved
        names = {file_name(kind, rank, world_size) for kind in KINDS for rank in range(world_size)}
        assert {path.name for path in found.folder.iterdir()} == {*names, "checkpoint.json"}
    lines, usual = (read_metrics(one.metrics_file) for one in (run, alone))
    unlike = {"loss": 0, "gradient_norm": 0}
    assert [line | unlike for line in lines] == [line | unlike for line in usual]
    assert [line["loss"] for line in lines] == pytest.approx([line["loss"] for line in usual], abs=1e-5)
    assert TrainingRun.open(file, run.folder).finished
