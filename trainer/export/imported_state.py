"""An exported folder's weights as the state of a training that begins: each is read when it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from trainer.engine_state import MOMENTS
from trainer.export.hf_weights import HFWeights


@dataclass(frozen=True)
class UnreadSlice:
    """All elements of a flattened tensor, float32, which are nowhere yet."""

    name: str
    numel: int
    read: Callable[[], Tensor]
    start: int = 0


class ImportedState:
    """Weights of a folder and moments of zero, to be saved by one process."""

    def __init__(self, source: HFWeights) -> None:
        self.weights = [
            UnreadSlice(name, shape.numel(), partial(_flat, source, name))
            for name, shape in source.shapes.items()
        ]
        self.averages: list[UnreadSlice] = []
        self.moments = [
            UnreadSlice(f"{moment}.{name}", shape.numel(), partial(_zeros, shape.numel()))
            for name, shape in source.shapes.items()
            for moment in MOMENTS
        ]

    @property
    def bytes(self) -> int:
        """Size of all slices."""
        return sum(4 * piece.numel for piece in (*self.weights, *self.moments))


def _flat(source: HFWeights, name: str) -> Tensor:
    return source.read(name).flatten()


def _zeros(numel: int) -> Tensor:
    """So many zeros in the memory of one."""
    return torch.zeros(1).expand(numel)
