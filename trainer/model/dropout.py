"""Dropout (Srivastava et al. 2014) that a sample's own seed decides, so that a sample loses the same whatever
micro batch it is in, and on whichever process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from manifests.splitmix64 import splitmix64


@dataclass(frozen=True)
class Examples:
    """The examples of a micro batch, as one stack of layers sees them.

    Attributes:
        seeds: uint64 [examples].
        lengths: of each, where they lie end to end in a single row; None where each is a row.
    """

    seeds: NDArray[np.uint64]
    lengths: tuple[int, ...] | None

    def parts(self, x: Tensor) -> tuple[tuple[Tensor, ...], int]:
        """[batch, positions, ...] as one part an example, and the dimension to put them together along."""
        if self.lengths is None:
            return torch.split(x, 1), 0
        return torch.split(x, list(self.lengths), 1), 1


class Draws(NamedTuple):
    """What a layer drops: elements with ``probability``, drawn from a seed for each example."""

    probability: float
    seeds: list[int]


class Dropout(nn.Module):
    """``number`` tells the layers of a model apart; number_dropouts sets it."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability, self.number = probability, 0

    def draws(self, examples: Examples | None) -> Draws | None:
        """None where nothing is dropped: without examples, as in generation, and outside training."""
        if examples is None or not self.training or self.probability == 0:
            return None
        seeds = splitmix64(examples.seeds ^ splitmix64(self.number))
        return Draws(self.probability, (seeds >> np.uint64(1)).tolist())

    def forward(self, x: Tensor, examples: Examples | None) -> Tensor:
        """[batch, positions, d_model] -> same."""
        draws = self.draws(examples)
        if draws is None or examples is None:
            return x
        parts, dimension = examples.parts(x)
        kept = []
        for part, seed in zip(parts, draws.seeds, strict=True):
            seed_generator(x.device, seed)
            kept.append(F.dropout(part, draws.probability))
        return torch.cat(kept, dimension)


def seed_generator(device: torch.device, seed: int) -> None:
    """Seeds what is drawn from on a tensor's device. ``torch.manual_seed`` seeds all devices, and writes down
    the call stack for each kind that is not there, which took half of a small model's step."""
    generator = (
        torch.cuda.default_generators[device.index] if device.type == "cuda" else torch.default_generator
    )
    generator.manual_seed(seed)


def number_dropouts(model: nn.Module) -> None:
    """Numbers the dropout layers of a model in their order."""
    for number, layer in enumerate(part for part in model.modules() if isinstance(part, Dropout)):
        layer.number = number
