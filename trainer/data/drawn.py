"""Samples as a step brings them, with what makes examples of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from curriculum.step_plan import Samples, StepPlan
from trainer.objectives import TrainingObjective


@dataclass(frozen=True, eq=False)
class Drawn:
    """Samples of one objective; ``sets`` is what their ``set_index`` points into."""

    objective: TrainingObjective
    sets: tuple[str, ...]
    samples: Samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, places: NDArray[np.int64]) -> Drawn:
        """Those at the given places, in that order."""
        return Drawn(self.objective, self.sets, self.samples[places])


def drawn(plan: StepPlan, objectives: Mapping[str, TrainingObjective]) -> list[Drawn]:
    """The samples of a step; ``objectives`` by stage."""
    return [Drawn(objectives[part.stage], part.sets, part.samples) for part in plan.parts]


def chosen(parts: list[Drawn], places: NDArray[np.int64]) -> list[Drawn]:
    """Those of some samples, numbered through all parts, in ascending order; parts without any are left
    out."""
    ends = np.cumsum([0, *map(len, parts)])
    mine = [places[(places >= first) & (places < end)] - first for first, end in pairwise(ends)]
    return [part[some] for part, some in zip(parts, mine, strict=True) if len(some)]
