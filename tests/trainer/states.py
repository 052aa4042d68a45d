"""States for an engine that come from no checkpoint, and engines made of a model that has its weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from trainer.engine import TrainingEngine
from trainer.engine_state import EngineState, TensorSlice


class Held:
    """The state that slices tell; what they do not hold is 0, as fresh moments are. ``averaged`` where they
    hold averages."""

    def __init__(self, slices: Sequence[TensorSlice], updates: int) -> None:
        self._slices, self.updates = slices, updates
        self.averaged = any(piece.name.startswith("average.") for piece in slices)

    def read(self, name: str, start: int, numel: int) -> Tensor:
        found = torch.zeros(numel)
        for piece in self._slices:
            low, high = max(start, piece.start), min(start + numel, piece.start + len(piece.values))
            if piece.name == name and low < high:
                found[low - start : high - start] = piece.values[low - piece.start : high - piece.start]
        return found


def held(*states: EngineState) -> Held:
    """A state that processes take back as they gave it."""
    slices = [piece for state in states for piece in (*state.weights, *state.moments, *state.averages)]
    return Held(slices, states[0].updates)


def weights_of(model: nn.Module) -> Held:
    """A model's weights, with fresh moments."""
    return Held(
        [TensorSlice(name, 0, value.detach().flatten().clone()) for name, value in model.named_parameters()],
        0,
    )


def engine_of(model: nn.Module, settings: TrainSettings, optimizer: Optimizer) -> TrainingEngine:
    """An engine that begins with a model's weights."""
    weights = weights_of(model)
    return TrainingEngine(model.to("meta"), settings, optimizer, weights)
