"""An objective that is a plug-in, among the built-in ones."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np

from curriculum.objective_shape import ObjectiveShape
from curriculum.plugin_objective import LoadedObjective
from trainer.data.batch import Batch, Tokens
from trainer.objectives.counter_rng import U64


class PluggedObjective:
    """A TrainingObjective whose errors name the plug-in. Its code need not be ready for several threads: the
    next steps are made beside held-out losses."""

    def __init__(self, loaded: LoadedObjective) -> None:
        self._loaded, self._one_at_a_time = loaded, Lock()

    @property
    def shape(self) -> ObjectiveShape:
        """The plug-in's."""
        return self._loaded.shape

    def lengths(self, pairs: Tokens, denoiser: int, seeds: U64) -> tuple[Tokens, Tokens]:
        """See TrainingObjective. A plug-in tells no more than its shape: the longest that an example may
        be; of pairs, what is not cut off."""
        longest = np.tile(np.array(self.shape.longest)[:, None], len(seeds))
        if self.shape.chunk_length is None:
            longest = np.minimum(longest, pairs)
        return longest[0], longest[1]

    def apply(self, samples: Any, denoiser: int, seeds: U64) -> Batch:
        """See TrainingObjective.

        Raises:
            PluginError: the plug-in failed, or gave no batch.
        """
        with self._one_at_a_time, self._loaded.plugin.errors():
            batch = self._loaded.value.apply(samples, denoiser, seeds)
        if not isinstance(batch, Batch):
            raise self._loaded.plugin.error(
                f"its apply returned {type(batch).__name__}, not a trainer.data.batch.Batch"
            )
        return batch
