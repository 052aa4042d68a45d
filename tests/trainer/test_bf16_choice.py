"""The way of bfloat16 products is measured once, by process 0, and kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from manifests.border.logs import read_metrics
from manifests.schema.base import ManifestError
from tests.trainer.disturbed import KillAt, Killed, copy
from tests.trainer.examples import small_settings
from trainer import bf16_choice
from trainer.bf16_choice import fastest_ways
from trainer.model.bf16_linear import Linear
from trainer.model.bf16_ways import NATIVE, Bf16Ways, bf16_ways, current_ways
from trainer.run import TrainingRun
from trainer.train import train

WIDENED = Bf16Ways(products="widened", attention="widened")


def in_bf16(run: TrainingRun) -> TrainingRun:
    file = run.folder / "curriculum.yaml"
    data: dict[str, Any] = yaml.safe_load(file.read_text())
    data["train"]["precision"] = "bf16"
    file.write_text(yaml.safe_dump(data))
    return TrainingRun.open(file, run.folder)


def test_the_faster_way_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that stands still for one of them."""
    for slow, fast in (("native", "widened"), ("widened", "native")):
        clock = iter(range(10**6))
        monkeypatch.setattr(
            "time.process_time",
            lambda slow=slow, clock=clock: next(clock) if current_ways().products == slow else 0.0,
        )
        assert fastest_ways(small_settings(), 8).products == fast


def test_a_resumed_training_keeps_the_way_it_was_begun_with(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine where the other would be faster."""
    runs = [in_bf16(copy(prepared, tmp_path / name)) for name in ("whole", "killed")]
    monkeypatch.setattr(bf16_choice, "fastest_ways", lambda *_: WIDENED)
    assert train(runs[0], quiet=True)
    with pytest.raises(Killed):
        train(runs[1], [KillAt(7)], quiet=True)
    monkeypatch.setattr(bf16_choice, "fastest_ways", lambda *_: NATIVE)
    assert train(runs[1], quiet=True)
    assert json.loads((runs[1].train_folder / "bf16.json").read_text()) == WIDENED.model_dump()
    metrics = [read_metrics(run.train_folder / "metrics.jsonl") for run in runs]
    assert metrics[0] == metrics[1]


def test_a_note_that_is_no_note_is_one_line(prepared: Path, tmp_path: Path) -> None:
    run = in_bf16(copy(prepared, tmp_path))
    run.train_folder.mkdir()
    (run.train_folder / "bf16.json").write_text('{"products": "fast"}')
    with pytest.raises(ManifestError, match=r"bf16.json: products: "):
        train(run, quiet=True)


def test_with_float32_nothing_is_measured(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bf16_choice, "fastest_ways", lambda *_: pytest.fail("was measured"))
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(1)], quiet=True)
    assert not (run.train_folder / "bf16.json").exists()


def test_the_ways_differ_in_the_last_bits_only() -> None:
    torch.manual_seed(0)
    layer, x = Linear(256, 64, dtype=torch.bfloat16), torch.randn(32, 256).bfloat16()
    native = layer(x)
    with bf16_ways(WIDENED):
        assert torch.allclose(layer(x).float(), native.float(), rtol=2**-7, atol=1e-3)
