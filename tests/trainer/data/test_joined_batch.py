"""Batches of different denoisers as one: the same examples, the same losses, the same dropout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from manifests.schema.objectives import InstructionObjective, PrefixObjective, UL2Objective
from tests.trainer.examples import SMALL, small_model
from tests.trainer.objectives.test_instruction import ragged
from tests.trainer.objectives.test_released_layouts import examples
from trainer.data.batch import Batch, make_batch
from trainer.data.joined_batch import join
from trainer.model.transformer import EncoderDecoder
from trainer.objectives import Pairs, build

ROWS = 3
OBJECTIVES: dict[str, UL2Objective | PrefixObjective] = {
    "released": UL2Objective(kind="ul2", chunk=24, preset="openba-released"),
    "paper": UL2Objective(kind="ul2", chunk=24, preset="ul2", boundaries=True),
    "prefix": PrefixObjective(kind="prefix", source=12, target=12, boundaries=True),
}


def batches(name: str, rows: int = ROWS) -> list[Batch]:
    """One of each denoiser, over texts of three documents."""
    objective = build(OBJECTIVES[name], SMALL)
    made = []
    for denoiser in range(objective.shape.denoisers):
        tokens = np.random.default_rng(denoiser).integers(3, 150, (rows, 24), dtype=np.uint32)
        tokens[:, [6, 16]] = SMALL.eos
        seeds = np.arange(rows, dtype=np.uint64) + np.uint64(10 * denoiser)
        made.append(replace(objective.apply(tokens, denoiser, seeds), dropout_seeds=seeds))
    return made


def losses(model: EncoderDecoder, *found: Batch) -> float:
    return sum(model(**batch.inputs())[0].item() for batch in found)


def joined(found: list[Batch]) -> Batch:
    seeds = [batch.dropout_seeds for batch in found if batch.dropout_seeds is not None]
    return replace(join(found), dropout_seeds=np.concatenate(seeds))


def test_joined_examples_are_the_same_and_nothing_is_padding() -> None:
    apart = batches("released")
    together = join(apart)
    assert examples(together) == [example for batch in apart for example in examples(batch)]
    assert together.padding == 0
    assert together.tokens == sum(batch.tokens for batch in apart)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_joined_batches_have_the_sum_of_the_losses(name: str, dropout: float) -> None:
    """Dropout included: a sample loses the same beside others as alone; documents stay apart."""
    model = small_model(dropout=dropout).double()
    apart, alone = ([joined([batch]) for batch in batches(name, rows)] for rows in (ROWS, 1))
    assert losses(model, joined(apart)) == pytest.approx(losses(model, *apart), rel=1e-6)
    assert losses(model, joined([*alone, *apart])) == pytest.approx(losses(model, *alone, *apart), rel=1e-6)
    other = replace(
        joined(apart), dropout_seeds=np.arange(ROWS * len(apart), dtype=np.uint64) + np.uint64(99)
    )
    assert (losses(model, other) != losses(model, joined(apart))) == (dropout > 0)


def test_pairs_join_streams() -> None:
    objective = build(InstructionObjective(kind="instruction", source=20, target=9), SMALL)
    pairs = objective.apply(
        Pairs(ragged([5, 6, 7], [8]), ragged([20], [21, 22])), 0, np.arange(2, dtype=np.uint64)
    )
    model, streams = small_model().double(), batches("released")
    assert losses(model, join([pairs, *streams])) == pytest.approx(losses(model, pairs, *streams), rel=1e-6)


def test_padded_rows_lose_their_padding_and_keep_labels_that_are_ignored_within() -> None:
    labels = np.array([[7, -100, 9, -100], [-100, 8, 10, 11], [-100, -100, -100, -100]])
    padded = make_batch(np.array([[5, 6, 0], [5, 6, 7], [4, 0, 0]]), labels, 0, np.array([2, 3, 1]))
    found = join([padded])
    assert found.encoder.tolist() == [[5, 6, 5, 6, 7, 4]]
    assert found.labels.tolist() == [[7, -100, 9, -100, 8, 10, 11, -100]]
    assert found.decoder_lengths is not None
    assert found.decoder_lengths.tolist() == [3, 4, 1]
    model = small_model().double()
    assert losses(model, found) == pytest.approx(losses(model, padded), rel=1e-6)


def test_a_batch_without_padding_stays_in_rows() -> None:
    full = batches("released")[0]
    assert join([full]) is full


def test_gradients_of_joined_batches_are_the_sum() -> None:
    found = []
    for arranged in ([joined(batches("released"))], batches("released")):
        model = small_model(dropout=0.2).double()
        for batch in arranged:
            model(**batch.inputs())[0].backward()
        found.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    assert torch.allclose(found[0], found[1], rtol=1e-4, atol=1e-6)
