from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from manifests.schema.model import ModelSettings
from tests.trainer.examples import SMALL, small_model
from trainer.monitor.usual_loss import UsualLoss, untrained_loss


def usual(values: list[float], window: int = 32, expected: float = 9.0, scatter: float = 0.0) -> UsualLoss:
    known = UsualLoss(window, expected, scatter)
    for value in values:
        known.add(value)
    return known


@pytest.mark.parametrize("std", [0.02, 0.1, 0.3])
def test_a_model_with_new_weights_loses_what_is_said(std: float) -> None:
    model = small_model(std=std, norm="sandwich")
    random = np.random.default_rng(0)
    tokens = torch.from_numpy(random.integers(3, SMALL.pieces, (64, 24)))
    with torch.no_grad():
        total, count, _ = model(encoder=tokens, decoder=tokens, labels=tokens.flip(0))
    width = model.embedding.weight.shape[1] if hasattr(model, "embedding") else 0
    settings = ModelSettings.model_validate(
        {
            "d_model": width or 32, "encoder_layers": 1, "decoder_layers": 1, "heads": 1, "head_size": 8,
            "d_ff": 8, "init_std": std,
        }
    )  # fmt: skip
    assert float(total / count) == pytest.approx(untrained_loss(settings, SMALL.padded), rel=0.02)


def test_before_a_quarter_of_the_window_is_known_the_expected_loss_stands_for_it() -> None:
    few = usual([5.0, 7.0, 5.0, 7.0, 5.0, 7.0, 5.0])
    assert (few.level, few.scatter) == (9.0, 0.27)
    few.add(7.0)
    assert few.level == 6.0
    assert few.scatter == pytest.approx(2 / (1.96 * math.sqrt(2)))
    assert usual([5.0] * 31).scatter == 0.27
    assert usual([5.0] * 32).scatter == 0.05


def test_the_scatter_that_is_brought_along_stands_for_the_first() -> None:
    assert usual([], scatter=0.5).scatter == 0.5
    assert usual([], scatter=0.1).scatter == 0.27


@pytest.mark.parametrize("slope", [0.0, 0.001, -0.001])
def test_scatter_is_that_of_normal_losses_whatever_their_trend(slope: float) -> None:
    values = np.random.default_rng(0).normal(5, 0.2, 2000) + slope * np.arange(2000)
    known = usual(values.tolist(), window=2000)
    assert known.scatter == pytest.approx(max(0.2, 0.01 * known.level), rel=0.06)
    if slope == 0:
        assert known.spread == pytest.approx(0.2, rel=0.06)


def test_losses_without_scatter_are_given_a_hundredth_of_their_level() -> None:
    assert usual([5.0] * 40).scatter == 0.05


def test_losses_before_the_window_are_forgotten() -> None:
    known = usual([1.0] * 100 + [5.0] * 32)
    assert (known.level, known.mean, known.full) == (5.0, 5.0, True)
