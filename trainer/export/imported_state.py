"""Weights of elsewhere as the state of a training that begins: each is read when it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from trainer.engine_state import MOMENTS, StateSource


@dataclass(frozen=True)
class UnreadSlice:
    """All elements of a flattened tensor, float32, which are nowhere yet."""

    name: str
    numel: int
    read: Callable[[], Tensor]
    start: int = 0


class ImportedState:
    """Weights and moments of a source, to be saved by one process.

    Args:
        shapes: of the weights, by name.
    """

    def __init__(self, source: StateSource, shapes: Mapping[str, torch.Size]) -> None:
        def unread(prefix: str) -> list[UnreadSlice]:
            sizes = {f"{prefix}{name}": shape.numel() for name, shape in shapes.items()}
            return [
                UnreadSlice(name, size, partial(source.read, name, 0, size)) for name, size in sizes.items()
            ]

        self.weights = unread("")
        self.moments = [piece for moment in MOMENTS for piece in unread(f"{moment}.")]
        self.averages: list[UnreadSlice] = []

    @property
    def bytes(self) -> int:
        """Size of all slices."""
        return sum(4 * piece.numel for piece in (*self.weights, *self.moments))
