"""The script that measures a step on a GPU runs where there is none, and its counts are right there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import device_step
from curriculum.flops import step_flops
from manifests.schema.model import ModelSettings


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_toy_is_measured_on_a_cpu(precision: str, tmp_path: Path) -> None:
    out = tmp_path / "step.json"
    arguments = f"--size toy --micro-batch 1300 --seconds 0 --threads 1 --precision {precision} --out {out}"
    assert device_step.main(arguments.split()) == 0
    found = json.loads(out.read_text())
    assert (found["device"], found["steps"]) == ("cpu", 3)
    assert found["waits_per_pass"] == 0, "a pass asks for no value"
    assert found["waits_per_step_of_one_pass"] >= 2, "a step asks for its loss and for the gradient's norm"
    assert 20 < found["launches_per_layer_and_pass"] < 2000
    settings = ModelSettings.model_validate(
        dict(zip(device_step.KEYS, device_step.SIZES["toy"][0], strict=True))
    )
    batches = device_step.micro_batches(device_step.PASSES, 1300, device_step.vocabulary(512))
    tokens = sum(batch.tokens for batch in batches)
    flops = sum(step_flops(settings, 512, *batch.lengths) for batch in batches)
    assert found["tokens_per_second"] * found["step_seconds"] == pytest.approx(tokens)
    assert found["mfu"] * found["step_seconds"] * found["peak_flops_per_second"] == pytest.approx(flops)
    assert found["peak_memory_bytes"]["host"] > 1e8


def test_a_micro_batch_has_all_denoisers_and_no_padding() -> None:
    batches = device_step.micro_batches(2, 9 * 640, device_step.vocabulary(16_384))
    for batch in batches:
        assert batch.dropout_seeds is not None
        assert batch.decoder_lengths is not None
        assert len(batch.dropout_seeds) == len(batch.decoder_lengths) == 9
        assert batch.padding == 0
        assert 9 * device_step.CHUNK < batch.tokens < 9 * 640 * 1.3
