"""Initial weights are those of a seed, whatever part of a tensor is drawn, and by whom."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.examples import SMALL, small_settings
from trainer.model.transformer import EncoderDecoder
from trainer.model.weight_init import BLOCK, InitialWeights

SETTINGS = small_settings(d_model=1200)
with torch.device("meta"):
    MODEL = EncoderDecoder(SETTINGS, SMALL.padded)
EMBEDDING = "embedding.weight"
WHOLE = InitialWeights(MODEL, SETTINGS, 5).read(EMBEDDING, 0, 256 * 1200)


@settings(max_examples=20, deadline=None)
@given(start=st.integers(0, len(WHOLE) - 1), numel=st.integers(1, 2000))
@pytest.mark.parametrize("at", [0, BLOCK])
def test_a_part_is_that_of_the_whole(at: int, start: int, numel: int) -> None:
    """Anywhere, and across the border of two blocks."""
    start = max(0, at - numel // 2) if at else start
    numel = min(numel, len(WHOLE) - start)
    part = InitialWeights(MODEL, SETTINGS, 5).read(EMBEDDING, start, numel)
    assert torch.equal(part, WHOLE[start : start + numel])


def test_blocks_and_tensors_are_drawn_apart() -> None:
    weights = InitialWeights(MODEL, SETTINGS, 5)
    assert len(WHOLE) > BLOCK
    first, second = WHOLE[:40_000], WHOLE[BLOCK : BLOCK + 40_000]
    others = [
        weights.read(f"{stack}.blocks.0.attention.sublayer.qkv.weight", 0, 40_000)
        for stack in ("encoder", "decoder")
    ]
    for one, two in ((first, second), (first, others[0]), (others[0], others[1])):
        assert abs(torch.corrcoef(torch.stack([one, two]))[0, 1].item()) < 0.03


def test_the_numbers_are_normal() -> None:
    normed = WHOLE / SETTINGS.init_std
    assert normed.mean().item() == pytest.approx(0, abs=0.01)
    assert normed.std().item() == pytest.approx(1, abs=0.005)
    within = [(normed.abs() < bound).float().mean().item() for bound in (1, 2, 3)]
    assert within == pytest.approx([0.6827, 0.9545, 0.9973], abs=0.003)


def test_moments_and_biases_begin_at_zero_and_no_number_is_the_machine_s() -> None:
    weights = InitialWeights(MODEL, SETTINGS, 5)
    for name in (f"exp_avg.{EMBEDDING}", f"exp_avg_sq.{EMBEDDING}", "output_bias"):
        assert not weights.read(name, 3, 5).any()
    assert WHOLE[[0, 1, BLOCK, -1]].tolist() == pytest.approx(
        [-0.011675805, 0.016209738, -0.01453575, -0.015548307], rel=1e-6
    )
