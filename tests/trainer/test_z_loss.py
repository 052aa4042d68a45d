"""z-loss in training: the same however the work is shared, told apart from the loss, and in no loss that others see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests.border.logs import read_evaluations, read_metrics
from tests.trainer.disturbed import KillAt, Killed, copy, outcome
from tests.trainer.examples import SMALL
from tests.trainer.processes import forked
from tests.trainer.sharded_losses import SETTINGS, batches
from tests.trainer.z_losses import Z_LOSS
from trainer.checkpoint.compatibility import CompatibilityError
from trainer.model.transformer import EncoderDecoder
from trainer.run import TrainingRun
from trainer.train import train


@pytest.mark.slow
def test_z_loss_is_that_of_one_process_whatever_is_spread() -> None:
    """And that of its definition: of the first step's tokens by the initial weights."""
    model = EncoderDecoder(SETTINGS, SMALL.padded, seed=3)
    nats, z, tokens = 0.0, 0.0, 0
    for batch in batches():
        _, count, parts = model(**batch.inputs(), z_loss=Z_LOSS)
        nats, z, tokens = nats + parts[0].item(), z + parts[1].item(), tokens + int(count)
    for world_size in (1, 2, 4):
        processes = forked("tests.trainer.z_losses", world_size=world_size)
        assert [process.returncode for process in processes] == [0] * world_size, processes[-1].stderr
        for zero, found in json.loads(processes[0].stdout).items():
            if (world_size, zero) == (1, "0"):
                alone = found
            assert found == pytest.approx(alone, rel=1e-5), (world_size, zero)
    assert alone[:2] == pytest.approx([nats / tokens, z / tokens], rel=1e-5)
    assert alone[1] > 0


def with_z_loss(run: TrainingRun, z_loss: float, **keys: Any) -> TrainingRun:
    """The same run with z-loss in its first stage; ``keys`` are others of that stage."""
    file = run.folder / "curriculum.yaml"
    data = yaml.safe_load(file.read_text())
    data["stages"][0] |= {"z_loss": z_loss, **keys}
    file.write_text(yaml.safe_dump(data))
    return TrainingRun.open(file, run.folder)


@pytest.mark.slow
def test_metrics_have_it_apart_and_other_losses_stay_cross_entropy(prepared: Path, tmp_path: Path) -> None:
    plain, run = copy(prepared, tmp_path / "plain"), copy(prepared, tmp_path / "z")
    run, small = with_z_loss(run, 10.0), with_z_loss(copy(prepared, tmp_path / "s"), 10.0, micro_batch=80)
    for one in (plain, run, small):
        assert train(one, quiet=True)
    without, lines, others = (read_metrics(one.metrics_file) for one in (plain, run, small))
    assert [line["stage"] for line in lines if "z_loss" in line] == ["ul2"] * 8
    assert not any("z_loss" in line for line in without)
    assert lines[0]["loss"] == pytest.approx(without[0]["loss"], rel=1e-6), "the weights are the same"
    assert lines[0]["gradient_norm"] > 2 * without[0]["gradient_norm"], "the gradient has the z-loss in it"
    told = [[line[key] for line in part] for part in (lines, others) for key in ("loss", "gradient_norm")]
    assert told[0] == pytest.approx(told[2], rel=1e-4), "micro_batch is no matter"
    before, first = (read_evaluations(one.evaluations_file)[0] for one in (plain, run))
    assert before == first, "held-out losses of the initial weights"
    z = [line["z_loss"] for line in lines[:8]]
    assert z[-1] < z[0], "and it goes down"


@pytest.mark.slow
def test_it_cannot_change_under_a_stage_that_has_begun(prepared: Path, tmp_path: Path) -> None:
    whole = with_z_loss(copy(prepared, tmp_path / "whole"), 1e-4)
    assert train(whole, quiet=True)
    run = with_z_loss(copy(prepared, tmp_path / "run"), 1e-4)
    with pytest.raises(Killed):
        train(run, [KillAt(5)], quiet=True)
    with pytest.raises(CompatibilityError, match=r"stages\[0\].z_loss = 0.0001, .* says 0.001"):
        train(with_z_loss(run, 1e-3), quiet=True)
    assert train(with_z_loss(run, 1e-4), quiet=True)
    assert outcome(run) == outcome(whole)
