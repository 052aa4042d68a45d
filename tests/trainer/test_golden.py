"""Pins what training computes: five steps of a small model on fixed tokens. `python -m
tests.trainer.test_golden` writes the file anew."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from manifests.schema.objectives import UL2Objective
from tests.trainer.examples import SMALL, small_model
from trainer.objectives import UL2, build

GOLDEN = Path(__file__).parents[1] / "data" / "golden_losses.json"


def losses(norm: str) -> list[float]:
    """Nats per token before each of five AdamW steps, with five of the seven denoisers."""
    objective = build(UL2Objective(kind="ul2", chunk=96, preset="openba-released"), SMALL)
    assert isinstance(objective, UL2)
    model = small_model(std=0.02, norm=norm)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, betas=(0.9, 0.95), weight_decay=0.1)
    tokens = (np.arange(4 * 96, dtype=np.uint32) ** 2 % 61 + 3).reshape(4, 96)
    history = []
    for step in range(5):
        total, count, _ = model(
            **objective.apply(tokens, step, np.arange(4, dtype=np.uint64) + np.uint64(step)).inputs()
        )
        optimizer.zero_grad()
        (total / count).backward()
        optimizer.step()
        history.append((total / count).item())
    return history


@pytest.mark.parametrize("norm", ["sandwich", "pre"])
def test_losses_are_the_golden_ones(norm: str) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))[norm]
    computed = losses(norm)
    assert computed == pytest.approx(golden, abs=1e-5)
    assert computed[-1] < computed[0], "it learns"


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(
        json.dumps({norm: losses(norm) for norm in ("sandwich", "pre")}, indent=2) + "\n", encoding="utf-8"
    )
