"""An exponential moving average of the weights (Polyak and Juditsky 1992): weights to evaluate and to export,
which do not follow the noise of the last steps."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from trainer.engine_state import AVERAGE, StateSource, TensorSlice
from trainer.tensor_file import CHUNK


class WeightAverage:
    """Of the slices of weights that a process holds, in float32, beside them; ``slices`` are named
    ``average.<parameter>``.

    After each update the average goes 1 - decay of the way to the weights, or 9 / (10 + updates) of it where
    that is more: the first weights of a run, or of a stage with ``moments: fresh``, are forgotten (as
    TensorFlow's ExponentialMovingAverage does by ``num_updates``).
    """

    def __init__(self, decay: float, weights: Sequence[TensorSlice]) -> None:
        self._decay = decay
        self.slices = [
            TensorSlice(f"{AVERAGE}.{piece.name}", piece.start, torch.empty_like(piece.values))
            for piece in weights
        ]

    def update(self, weights: Sequence[TensorSlice], updates: int) -> None:
        """Takes in the weights after so many updates; slices as at first, with other values."""
        decay = min(self._decay, (1 + updates) / (10 + updates))
        for average, piece in zip(self.slices, weights, strict=True):
            average.values.lerp_(piece.values, 1 - decay)

    def load(self, source: StateSource, weights: Sequence[TensorSlice]) -> None:
        """Goes on from a state; from the weights, where that has no average.

        Raises:
            CheckpointError: the source does not hold it.
        """
        for average, piece in zip(self.slices, weights, strict=True):
            for start in range(0, len(piece.values), CHUNK):
                part = average.values[start : start + CHUNK]
                if source.averaged:
                    part.copy_(source.read(average.name, average.start + start, len(part)))
                else:
                    part.copy_(piece.values[start : start + CHUNK])
