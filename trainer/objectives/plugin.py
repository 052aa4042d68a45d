"""An objective that is a plug-in, among the built-in ones."""

from __future__ import annotations

from typing import Any

from curriculum.objective_shape import ObjectiveShape
from curriculum.plugin_objective import LoadedObjective
from trainer.data.batch import Batch
from trainer.objectives.counter_rng import U64


class PluggedObjective:
    """A TrainingObjective whose errors name the plug-in."""

    def __init__(self, loaded: LoadedObjective) -> None:
        self._loaded = loaded

    @property
    def shape(self) -> ObjectiveShape:
        """The plug-in's."""
        return self._loaded.shape

    def apply(self, samples: Any, denoiser: int, seeds: U64) -> Batch:
        """See TrainingObjective.

        Raises:
            PluginError: the plug-in failed, or gave no batch.
        """
        with self._loaded.plugin.errors():
            batch = self._loaded.value.apply(samples, denoiser, seeds)
        if not isinstance(batch, Batch):
            raise self._loaded.plugin.error(
                f"its apply returned {type(batch).__name__}, not a trainer.data.batch.Batch"
            )
        return batch
