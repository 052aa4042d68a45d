"""Checkpoints in use: in memory once, in the type in which they were trained or in another one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import openba
from manifests.border.logs import read_evaluations
from manifests.schema.base import load
from openba.cli.main import main
from tests.trainer.disturbed import copy
from tests.trainer.test_bf16_choice import WIDENED, in_bf16
from trainer import bf16_choice
from trainer.checkpoint.slice_files import SliceReader
from trainer.chosen_checkpoint import chosen_checkpoint
from trainer.dtypes import InferenceDtype
from trainer.inference import evaluate_checkpoint, trained_model
from trainer.model import loaded
from trainer.model.bf16_ways import NATIVE, Bf16Ways
from trainer.run import TrainingRun
from trainer.train import train


@pytest.fixture(scope="module", params=["fp32", "bf16"])
def run(
    request: pytest.FixtureRequest, prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> TrainingRun:
    """A finished training in each precision."""
    begun = copy(prepared, tmp_path_factory.mktemp(request.param) / "run")
    if request.param == "bf16":
        begun = in_bf16(begun)
    assert train(begun, quiet=True)
    return begun


def files(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_checkpoint_is_measured_as_the_training_has_measured_it(run: TrainingRun) -> None:
    """To the last bit, and nothing is written."""
    before = files(run.folder)
    last = {line["stage"]: line["losses"] for line in read_evaluations(run.evaluations_file)}
    assert evaluate_checkpoint(run) == last
    assert files(run.folder) == before


def test_the_type_is_that_of_the_training_or_the_one_that_is_asked_for(run: TrainingRun) -> None:
    trained = {"fp32": torch.float32, "bf16": torch.bfloat16}[run.manifest.train.precision]
    assert {weight.dtype for weight in trained_model(run).parameters()} == {trained}
    wide, short = (
        dict(trained_model(run, dtype=dtype).named_parameters()) for dtype in ("float32", "bfloat16")
    )
    source = chosen_checkpoint(run).open()
    for name, weight in wide.items():
        assert torch.equal(weight.flatten(), source.read(name, 0, weight.numel()))
        assert torch.equal(short[name], weight.bfloat16())


def test_losses_in_another_type_differ_by_its_rounding(
    run: TrainingRun, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--curriculum", str(run.folder / "curriculum.yaml"), "--run", str(run.folder), "--json"]
    found = {}
    for dtype in ("float32", "bfloat16"):
        assert main(["evaluate", *where, "--dtype", dtype]) == 0
        found[dtype] = json.loads(capsys.readouterr().out)
    for stage, by_set in found["float32"].items():
        for name, loss in by_set.items():
            assert found["bfloat16"][stage][name] != loss
            assert found["bfloat16"][stage][name] == pytest.approx(loss, rel=0.01)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_model_in_either_type_writes_and_measures(run: TrainingRun, dtype: InferenceDtype) -> None:
    model = openba.load_model(run.folder / "curriculum.yaml", run.folder, dtype=dtype)
    for choice in (openba.SamplingSettings(), openba.SamplingSettings(beams=2)):
        answers = model.generate(["for", "话说天下大势"], 6, choice)
        assert len(answers) == 2
        assert answers == model.generate(["for", "话说天下大势"], 6, choice)
    wide = openba.load_model(run.folder / "curriculum.yaml", run.folder, dtype="float32")
    pair = (["the"], ["statement"])
    assert model.loss(*pair) == pytest.approx(wide.loss(*pair), rel=0.02)


def test_weights_are_read_in_small_parts_into_the_model(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    read = SliceReader.read

    def noted(reader: SliceReader, name: str, start: int, numel: int) -> torch.Tensor:
        sizes.append(numel)
        return read(reader, name, start, numel)

    monkeypatch.setattr(SliceReader, "read", noted)
    expected = trained_model(run).state_dict()
    assert sum(sizes) == sum(weight.numel() for weight in expected.values())
    sizes.clear()
    monkeypatch.setattr(loaded, "CHUNK", 1000)
    found = trained_model(run).state_dict()
    assert max(sizes) == 1000
    assert all(torch.equal(found[name], weight) for name, weight in expected.items())


def test_bfloat16_products_go_the_way_of_the_training_or_one_that_is_not_noted(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bf16_choice, "fastest_ways", lambda *_: WIDENED)
    trained = run.manifest.train.precision == "bf16"
    found = bf16_choice.inference_choice(run, torch.bfloat16)
    assert found == (load(run.bf16_file, Bf16Ways) if trained else WIDENED)
    assert run.bf16_file.exists() == trained
    assert bf16_choice.inference_choice(run, torch.float32) == NATIVE
