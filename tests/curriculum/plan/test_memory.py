"""What a plan says that processes hold is what they hold."""

from __future__ import annotations

import pytest
import torch

from benchmarks.plan_memory import SIZES, WITHIN, activations, states
from curriculum.plan.parameters import parameters
from curriculum.plan.state_memory import state_memory
from manifests.schema.lora import Lora
from manifests.schema.model import ModelSettings
from manifests.schema.train_settings import TrainSettings
from tests.curriculum.plan.sound import preset
from trainer.model.lora import add_lora
from trainer.model.transformer import EncoderDecoder

SMALL = {"d_model": 64, "encoder_layers": 2, "decoder_layers": 3, "heads": 4, "head_size": 24, "d_ff": 200}


@pytest.mark.parametrize("norm", ["sandwich", "pre"])
@pytest.mark.parametrize("targets", [None, ("attention",), ("cross_attention", "feedforward")])
def test_parameters_are_those_of_the_model(norm: str, targets: tuple[str, ...] | None) -> None:
    settings = ModelSettings.model_validate(SMALL | {"norm": norm})
    lora = None if targets is None else Lora.model_validate({"rank": 3, "alpha": 6, "targets": targets})
    with torch.device("meta"):
        model = EncoderDecoder(settings, 512)
    if lora:
        add_lora(model, lora)
    found = parameters(settings, 512, lora)
    assert sorted(found.shapes) == sorted(tuple(one.shape) for one in model.parameters())
    assert sorted(found.trained) == sorted(
        tuple(one.shape) for one in model.parameters() if one.requires_grad
    )


def test_the_released_model_has_14_567_703_040_parameters() -> None:
    settings = ModelSettings.model_validate(preset()["curriculum"]["model"] | {"norm": "pre"})
    assert parameters(settings, 250_368).count == 14_567_703_040


@pytest.mark.parametrize("size", SIZES)
def test_activations_are_what_autograd_saves(size: str) -> None:
    for name, found, said in activations(size):
        assert abs(said / found - 1) < WITHIN, name


@pytest.mark.slow
def test_states_are_what_two_processes_hold_at_every_zero_stage() -> None:
    compared = list(states(2))
    assert len(compared) == 2 * 6 * 3
    wrong = [(name, found, said) for name, found, said in compared if abs(said / found - 1) > WITHIN]
    assert wrong == []


def test_many_processes_hold_their_share_and_an_average_more() -> None:
    shapes = parameters(ModelSettings.model_validate(SMALL), 512)
    plain = TrainSettings.model_validate({"precision": "bf16", "zero": 2})
    alone, many = (state_memory(shapes, plain, ranks) for ranks in (1, 8))
    assert alone.weights == many.weights == 2 * shapes.count
    assert many.optimizer * 8 == pytest.approx(alone.optimizer, rel=1e-3) == pytest.approx(12 * shapes.count)
    averaged = plain.model_copy(update={"ema": 0.999})
    assert state_memory(shapes, averaged, 1).optimizer == pytest.approx(16 * shapes.count)
