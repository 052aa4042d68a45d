"""Pairs that a stage has no room for: what is read counts, and what is not is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from manifests.schema.base import load
from manifests.schema.training import TrainingManifest
from openba.cli.main import main
from tests.trainer.disturbed import copy
from trainer.data.data_loader import DataLoader
from trainer.data.dataset import PairTable, open_sets
from trainer.data.drawn import drawn
from trainer.run import TrainingRun
from trainer.run_engine import build_objectives


def narrow(prepared: Path, folder: Path, **changes: object) -> TrainingRun:
    """The tiny run with a stage of pairs that has room for 13 tokens of 20 and for 11 of 10 to 16."""
    run = copy(prepared, folder)
    file = run.folder / "curriculum.yaml"
    data = yaml.safe_load(file.read_text())
    data["stages"] = [
        data["stages"][1] | {"objective": {"kind": "instruction", "source": 16, "target": 12}} | changes
    ]
    file.write_text(yaml.safe_dump(data))
    return TrainingRun.open(file, run.folder)


def test_tokens_that_count_are_those_that_the_model_reads(prepared: Path, tmp_path: Path) -> None:
    run = narrow(prepared, tmp_path)
    loader, curriculum = DataLoader(open_sets(run.shard_folder, run.shards.sets)), run.curriculum()
    objectives = build_objectives(run)
    counted = 0
    for k in range(curriculum.total_steps):
        plan = curriculum.step(k)
        loaded = loader.load(drawn(plan, objectives))
        batch, vocabulary = loaded.batch, run.shards.vocabulary
        text = [(ids < vocabulary.pieces) & (ids != vocabulary.eos) for ids in (batch.encoder, batch.labels)]
        assert loaded.tokens["pairs"] == sum(int(one.sum()) for one in text)
        counted += loaded.tokens["pairs"]
    assert abs(counted - 500) < 30, "the stage's tokens, give or take the lengths of its pairs"


def test_what_is_cut_is_told_by_check_train_manifest_and_report(
    prepared: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = narrow(prepared, tmp_path)
    pairs = PairTable(run.shard_folder, run.shards.sets["pairs"])
    prompts, targets = pairs.lengths(np.arange(run.shards.sets["pairs"].rows))
    told = (
        f"stages[0].objective: of the {len(prompts)} pairs of pairs, {(prompts > 13).sum()} prompts are too long "
        f"and lose their middle, {(targets > 11).sum()} answers their end: "
    )
    file = run.folder / "curriculum.yaml"
    assert main(["check", str(file), "--run", str(run.folder)]) == 0
    assert f"{file}: warning: {told}" in capfd.readouterr().out
    assert main(["train", "--curriculum", str(file), "--run", str(run.folder), "--quiet"]) == 0
    assert f"{file}: warning: {told}" in capfd.readouterr().err
    cut = load(run.training_manifest, TrainingManifest).cut_pairs["biflan"]["pairs"]
    assert cut == run.pair_lengths["pairs"].cut(13, 11)
    assert main(["report", str(run.folder)]) == 0
    assert f"pairs: {cut.prompts} prompts and {cut.targets} answers cut" in capfd.readouterr().out


def test_a_stage_with_room_for_all_says_nothing(prepared: Path, tmp_path: Path) -> None:
    run = narrow(prepared, tmp_path, objective={"kind": "instruction", "source": 23, "target": 17})
    assert run.warnings == ()
    assert run.cut_pairs == {}


def test_a_warm_up_longer_than_a_stage_of_pairs_is_found_with_the_shards(
    prepared: Path, tmp_path: Path
) -> None:
    rate = {"schedule": "constant", "peak": 1e-3, "warmup_steps": 1000}
    run = narrow(prepared, tmp_path, learning_rate=rate)
    steps = run.curriculum().total_steps
    assert run.manifest.warnings == ()
    assert (
        f"stages[0].learning_rate.warmup_steps (1,000) is more than the stage's {steps} steps"
        in run.warnings[0]
    )


def test_check_says_in_a_line_that_a_shard_is_damaged(
    prepared: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = narrow(prepared, tmp_path)
    shard = run.shard_folder / run.shards.sets["pairs"].shards[0].file.path
    shutil.copyfile(run.folder / "curriculum.yaml", shard)
    assert main(["check", str(run.folder / "curriculum.yaml"), "--run", str(run.folder)]) == 1
    assert f"error: {shard}: is no whole shard (" in capfd.readouterr().err
