"""What one optimizer step reads and does, as data."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

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
class StepPart:
    """The samples of a step that one objective makes examples of: that of ``stage``. ``sets`` is what their
    ``set_index`` points into."""

    stage: str
    sets: tuple[str, ...]
    samples: Samples


@dataclass(frozen=True, eq=False)
class StepPlan:
    """Global step ``step``. It does not depend on how many processes share the work.

    ``parts`` come in the order of their stages; there are several in a blend and where earlier stages are
    rehearsed. ``share`` is the stage's own part while it takes the place of the one before, else 1.
    ``whole`` is how much of a step there is: less than 1 at the end of a stage.
    """

    step: int
    stage_index: int
    stage: str
    optimizer: Optimizer
    learning_rate: float
    parts: tuple[StepPart, ...]
    share: float = 1.0
    whole: float = 1.0

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of all sets that the step may read."""
        return tuple(sorted({name for part in self.parts for name in part.sets}))
