"""Activations that are computed again are the same, to the last bit, dropout included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from manifests.schema.objectives import UL2Objective
from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from tests.trainer.examples import SMALL, small_settings
from tests.trainer.states import engine_of
from trainer.data.batch import Batch
from trainer.determinism import deterministic_cpu
from trainer.distributed import join_process_group
from trainer.forward_pass import ForwardPass
from trainer.model.transformer import EncoderDecoder
from trainer.objectives import UL2, build


def batch(denoiser: int) -> Batch:
    objective = build(
        UL2Objective(kind="ul2", chunk=96, preset="openba-released", boundaries=denoiser == 0), SMALL
    )
    assert isinstance(objective, UL2)
    tokens = (np.arange(4 * 96, dtype=np.uint32) ** 2 % 61 + 3).reshape(4, 96)
    seeds = np.arange(4, dtype=np.uint64)
    return replace(objective.apply(tokens, denoiser, seeds), dropout_seeds=seeds)


def model(recompute: bool, **changes: object) -> EncoderDecoder:
    return EncoderDecoder(small_settings(dropout=0.2, **changes), SMALL.padded, recompute=recompute)


@pytest.mark.parametrize("norm", ["sandwich", "pre"])
@pytest.mark.parametrize("denoiser", [0, 2])
def test_loss_and_gradients_are_the_same_bits(norm: str, denoiser: int) -> None:
    found = []
    for recompute in (False, True):
        one = model(recompute, norm=norm)
        torch.manual_seed(7)
        loss, *_ = one(**batch(denoiser).inputs())
        loss.backward()
        found.append(
            (
                loss.detach(),
                [value for parameter in one.parameters() if (value := parameter.grad) is not None],
                torch.rand(1),
            )
        )
    assert torch.equal(found[0][0], found[1][0])
    assert len(found[0][1]) == len(list(model(False, norm=norm).parameters()))
    assert all(torch.equal(a, b) for a, b in zip(found[0][1], found[1][1], strict=True))
    assert torch.equal(found[0][2], found[1][2]), "the random state goes on alike"


def kept(one: nn.Module) -> int:
    """Floats that the graph of a forward pass keeps for the backward pass, parameters aside."""
    sizes: dict[int, int] = {}
    own = {parameter.data_ptr() for parameter in one.parameters()}

    def pack(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in own:
            sizes[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = one(**batch(4).inputs())[0]
    assert loss.requires_grad
    return sum(sizes.values())


def test_less_is_kept() -> None:
    assert kept(model(True)) < kept(model(False)) / 3


@pytest.mark.parametrize("zero", [0, 3])
def test_steps_of_the_engine_are_the_same_bits(zero: int) -> None:
    """ZeRO 3 gathers a layer's weights again when it is computed again; 128 wide, so that they are not too
    small to be spread."""
    join_process_group()
    results = []
    with deterministic_cpu(threads=1):
        for recompute in (False, True):
            one = model(recompute, d_model=128, heads=8, head_size=64, decoder_layers=1)
            engine = engine_of(one, TrainSettings.model_validate({"zero": zero}), Optimizer())
            steps = [
                engine.step([ForwardPass(batch(k)), ForwardPass(batch(k + 1))], 1e-2, Optimizer())
                for k in range(2)
            ]
            results.append([(step.loss, step.gradient_norm) for step in steps])
    assert results[0] == results[1]
