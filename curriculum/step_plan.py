"""What one optimizer step reads and does, as data."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from manifests.schema.objectives import Objective
from manifests.schema.optimization import Optimizer


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples in order, each array with one entry a sample.

    ``set_index`` (int32[n]) points into ``StepPlan.sets``; ``rows`` (int64[n]) are chunk numbers of a stream
    set or pair numbers of a pair set; ``denoisers`` (int64[n]) are those of the objective; ``noise``
    (uint64[n]) and ``dropout`` (uint64[n]) are the seeds of what a denoiser draws and what the model drops.
    """

    set_index: NDArray[np.int32]
    rows: NDArray[np.int64]
    denoisers: NDArray[np.int64]
    noise: NDArray[np.uint64]
    dropout: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, places: NDArray[np.int64] | slice) -> Samples:
        """Those at the given places, in that order."""
        return Samples(*(getattr(self, field.name)[places] for field in fields(self)))


@dataclass(frozen=True, eq=False)
class StepPlan:
    """Global step ``step``. It does not depend on how many processes share the work."""

    step: int
    stage_index: int
    stage: str
    objective: Objective
    optimizer: Optimizer
    learning_rate: float
    sets: tuple[str, ...]
    samples: Samples
