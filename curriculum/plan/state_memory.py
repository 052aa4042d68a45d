"""What a process holds of weights, gradients and optimizer states, in bytes, as the engine lays them out
(ZeRO, Rajbhandari et al. 2020). ``benchmarks/plan_memory.py`` measures it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod

from curriculum.plan.parameters import Parameters, Shape
from curriculum.zero import BUCKET, PERSISTENT, zero_stage
from manifests.schema.train_settings import TrainSettings

FP32 = 4
PIECE = 2
"""Elements that each process's piece of a flat group of ZeRO 1 and 2 is a multiple of (DeepSpeed's alignment
for NCCL)."""


@dataclass(frozen=True)
class StateMemory:
    """Bytes of a process.

    Attributes:
        weights: in the training precision, those that stay gathered among them.
        gradients: in float32, at their most: as they are added up over micro batches.
        optimizer: float32 weights where they are apart, AdamW's two moments, and averages of the weights.
        buffers: of gradients on their way.
    """

    weights: int
    gradients: int
    optimizer: int
    buffers: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.buffers


def state_memory(parameters: Parameters, settings: TrainSettings, ranks: int) -> StateMemory:
    """That of each of so many processes, wherever it lies."""
    zero = zero_stage(settings, ranks)
    precision = 2 if settings.precision == "bf16" else FP32
    frozen = precision * (parameters.count - parameters.trained_count)
    own = _share(parameters.trained, zero, ranks)
    copies = 2 + (zero > 0) + (settings.ema is not None and zero > 0)
    averages = FP32 * -(-parameters.trained_count // ranks) if settings.ema is not None and not zero else 0
    return StateMemory(
        weights=frozen + precision * _weights(parameters.trained, zero, ranks),
        gradients=FP32 * _gradients(parameters.trained, zero, ranks, whole=precision == FP32),
        optimizer=FP32 * copies * own + averages,
        buffers=FP32 * BUCKET if zero else 0,
    )


def _share(shapes: Sequence[Shape], zero: int, ranks: int) -> int:
    """Elements that a process updates."""
    if zero == 3:
        return sum(-(-prod(shape) // ranks) for shape in shapes)
    pieces = [ranks * PIECE * -(-numel // (ranks * PIECE)) for numel in _groups(shapes)]
    return sum(pieces) // (ranks if zero else 1)


def _groups(shapes: Sequence[Shape]) -> list[int]:
    """Elements of AdamW's two groups: matrices, which decay, and vectors."""
    return [sum(prod(shape) for shape in shapes if (len(shape) < 2) == flat) for flat in (False, True)]


def _gradients(shapes: Sequence[Shape], zero: int, ranks: int, *, whole: bool) -> int:
    """Elements of gradients that the process with most holds. Under ZeRO 2 a part of a float32 gradient is a
    view, so that its parameter's is held ``whole``; one of bfloat16 is copied into float32."""
    if zero < 2:
        return sum(map(prod, shapes))
    if zero == 3 or not whole:
        return _share(shapes, zero, ranks)
    held = [0] * ranks
    for flat in (False, True):
        numels = [prod(shape) for shape in shapes if (len(shape) < 2) == flat]
        piece = PIECE * -(-sum(numels) // (ranks * PIECE))
        for numel, end in zip(numels, accumulate(numels), strict=True):
            for rank in range((end - numel) // piece, -(-end // piece)):
                held[rank] += numel
    return max(held)


def _weights(shapes: Sequence[Shape], zero: int, ranks: int) -> int:
    """Elements of weights that a process holds at all times."""
    if zero < 3:
        return sum(map(prod, shapes))
    gathered = sum(prod(shape) for shape in shapes if prod(shape) <= PERSISTENT)
    return _share(shapes, zero, ranks) + gathered
