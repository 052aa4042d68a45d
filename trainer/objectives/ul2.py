"""UL2's mixture of denoisers (Tay et al. 2022): every example is made by one of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curriculum.objective_shape import built_in_shape
from manifests.schema.objectives import UL2Objective
from manifests.schema.shards import Vocabulary
from trainer.data.batch import Batch, Tokens
from trainer.objectives.counter_rng import U64
from trainer.objectives.prefix_lm import SuffixDenoiser
from trainer.objectives.span_corruption import SpanCorruption


class UL2:
    """The denoisers of ``settings.mixture``, by their index there."""

    def __init__(self, settings: UL2Objective, vocabulary: Vocabulary) -> None:
        self.shape = built_in_shape(settings)
        self._denoisers = tuple(
            (SuffixDenoiser if denoiser.mode == "S" else SpanCorruption).of(denoiser, settings, vocabulary)
            for denoiser in settings.mixture
        )

    def lengths(self, pairs: Tokens, denoiser: int, seeds: U64) -> tuple[Tokens, Tokens]:
        """See TrainingObjective."""
        return self._denoisers[denoiser].lengths(seeds)

    def apply(self, samples: npt.NDArray[np.uint32], denoiser: int, seeds: U64) -> Batch:
        """Chunks uint32 [batch, chunk] -> examples of one denoiser; a row is decided by its tokens and
        its seed alone."""
        return self._denoisers[denoiser].apply(samples, seeds)
