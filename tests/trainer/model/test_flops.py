"""The count of operations agrees with what torch counts while the model runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from curriculum.flops import step_flops
from manifests.schema.objectives import InstructionObjective, UL2Objective
from tests.trainer.examples import RELEASED, SMALL, small_model
from tests.trainer.model.test_transformer import openba_15b, parameters
from tests.trainer.objectives.test_instruction import ragged
from trainer.data.batch import Batch
from trainer.monitor.peak_flops import matmul_peak_flops
from trainer.objectives import UL2, Instruction, Pairs, build


def spans() -> Batch:
    """Rows of one length each."""
    objective = build(UL2Objective(kind="ul2", chunk=96, preset="openba-released"), SMALL)
    assert isinstance(objective, UL2)
    return objective.apply(
        (np.arange(4 * 96, dtype=np.uint32) % 140 + 3).reshape(4, 96), 1, np.arange(4, dtype=np.uint64)
    )


def pairs() -> Batch:
    """Examples of all lengths, end to end."""
    objective = Instruction(InstructionObjective(kind="instruction", source=40, target=20), SMALL)
    pairs = Pairs(ragged([5] * 30, [6] * 7, [7] * 18), ragged([8] * 4, [9] * 40, [9] * 11))
    return objective.apply(pairs, 0, np.zeros(3, dtype=np.uint64))


@pytest.mark.parametrize("make", [spans, pairs])
def test_as_torch_counts(make: Callable[[], Batch]) -> None:
    batch = make()
    model = small_model(norm="pre")  # RMSNorm's sums are products for torch
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        model(**batch.inputs())[0].backward()
    sources, targets = batch.lengths
    layers, width = model.settings.decoder_layers, model.settings.heads * model.settings.head_size
    # Only torch counts what the causal mask hides; it does not count products in place, as the gradient of
    # the output layer's weight is.
    hidden = 3 * 4 * layers * width * int((targets * (targets - 1) // 2).sum())
    in_place = 2 * int(targets.sum()) * model.settings.d_model * SMALL.padded
    assert (
        step_flops(model.settings, SMALL.padded, sources, targets)
        == counter.get_total_flops() - hidden + in_place
    )


def test_lengths_are_those_of_the_examples() -> None:
    assert [side.tolist() for side in pairs().lengths] == [[33, 10, 21], [6, 20, 13]]
    assert [side.tolist() for side in spans().lengths] == [[86] * 4, [17] * 4]
    padded = Batch(
        np.zeros((2, 5), np.int64),
        np.array([5, 3]),
        np.zeros((2, 3), np.int64),
        np.array([[4, 5, 1], [4, -100, -100]]),
    )
    assert [side.tolist() for side in padded.lengths] == [[5, 3], [3, 1]]


def test_the_released_model_costs_six_operations_a_weight_and_token() -> None:
    """Of one example of 1 + 1 tokens every matrix is read once, but for the embedding, of which only the
    output layer counts."""
    model = openba_15b("pre")
    weights = sum(weight.numel() for weight in model.parameters() if weight.ndim == 2)
    attention = 2 * 5120 * (12 + 36 + 36)
    assert parameters(model) - weights == sum(
        weight.numel() for weight in model.parameters() if weight.ndim == 1
    )
    assert step_flops(model.settings, RELEASED.padded, [1], [1]) == 6 * (weights + attention)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_ceiling_is_a_speed_and_leaves_the_threads_alone(dtype: torch.dtype) -> None:
    before = torch.get_num_threads()
    assert 1 < matmul_peak_flops(dtype, threads=1) < 1e6
    assert torch.get_num_threads() == before
