"""What one optimizer step reads and does, as data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from manifests.schema.objectives import Objective
from manifests.schema.optimization import Optimizer


@dataclass(frozen=True, eq=False)
class MicroBatch:
    """Samples that go through the model together, all with one denoiser of the objective.

    ``set_index`` (int32[b]) points into ``StepPlan.sets``; ``rows`` (int64[b]) are chunk numbers of a stream
    set or pair numbers of a pair set; ``seeds`` (uint64[b]) decide each sample's noise; ``seed`` decides the
    micro batch's dropout.
    """

    denoiser: int
    set_index: NDArray[np.int32]
    rows: NDArray[np.int64]
    seeds: NDArray[np.uint64]
    seed: int


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
    micro_batches: tuple[MicroBatch, ...]
