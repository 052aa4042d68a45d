"""The lengths of a stage's examples: of each way to make one, those that are equally likely."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curriculum.example_lengths import (
    instruction_lengths,
    longest_suffix,
    prefix_lengths,
    span_lengths,
    suffix_lengths,
)
from curriculum.plan.planned_shards import PlannedShards
from curriculum.plugin_objective import shape_of
from curriculum.step_plan import StepPart
from manifests.schema.denoisers import Denoiser
from manifests.schema.objectives import InstructionObjective, PrefixObjective, UL2Objective
from manifests.schema.stage import Stage

Lengths = NDArray[np.int64]
"""int64 [2, n]: tokens in the encoder and in the decoder."""


class StageExamples:
    """``folder`` is that of the curriculum's manifest. A plug-in tells its longest example only, and pairs
    are taken as they are."""

    def __init__(self, stage: Stage, shards: PlannedShards, folder: Path) -> None:
        self._shape = shape_of(stage.objective, shards.manifest.vocabulary, folder)
        self._pairs, self._objective = shards.pairs, stage.objective

    def ways(self, name: str) -> list[Lengths]:
        """Those of a set's samples, by denoiser."""
        match self._objective:
            case UL2Objective():
                return [_denoised(one, self._objective.chunk) for one in self._objective.mixture]
            case PrefixObjective():
                return [np.array(prefix_lengths(self._objective))[:, None]]
            case InstructionObjective():
                return [np.stack(instruction_lengths(self._objective, self._pairs[name]))]
        longest = np.array(self._shape.longest)[:, None]
        if self._shape.chunk_length is None:
            return [np.minimum(self._pairs[name], longest)]
        return [longest] * self._shape.denoisers

    def drawn(self, part: StepPart) -> Lengths:
        """Of the samples of a step: int64 [2, samples]."""
        found = np.empty((2, len(part.samples)), dtype=np.int64)
        for index, name in enumerate(part.sets):
            for denoiser, lengths in enumerate(self.ways(name)):
                mine = (part.samples.set_index == index) & (part.samples.denoisers == denoiser)
                noise = part.samples.noise[mine] % np.uint64(lengths.shape[1])
                found[:, mine] = lengths[:, noise.astype(np.int64)]
        return found


def _denoised(denoiser: Denoiser, chunk: int) -> Lengths:
    if denoiser.mode == "S":
        suffixes = np.arange(1, longest_suffix(denoiser, chunk) + 1)
        return np.stack(suffix_lengths(chunk, suffixes))
    return np.array(span_lengths(chunk, denoiser.masked(chunk), denoiser.spans(chunk)))[:, None]
