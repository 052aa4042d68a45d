"""What every training objective is: how samples become examples."""

from __future__ import annotations

from typing import Any, Protocol

from curriculum.objective_shape import ObjectiveShape
from trainer.data.batch import Batch, Tokens
from trainer.objectives.counter_rng import U64


class TrainingObjective(Protocol):
    """An objective of a stage.

    All that others know of it is its shape: which samples it takes, how many denoisers it has, how long its
    examples are.
    """

    @property
    def shape(self) -> ObjectiveShape:
        """See ObjectiveShape."""

    def lengths(self, pairs: Tokens, denoiser: int, seeds: U64) -> tuple[Tokens, Tokens]:
        """What Batch.lengths will be, without the samples: int64 [batch] each.

        Args:
            pairs: int64 [2, batch], lengths of prompts and targets; for chunks without meaning.
            denoiser, seeds: as in ``apply``.
        """

    def apply(self, samples: Any, denoiser: int, seeds: U64) -> Batch:
        """The examples of some samples.

        Args:
            samples: uint32 [batch, shape.chunk_length]; or, where that is None, trainer.data.ragged.Pairs.
            denoiser: 0 to shape.denoisers - 1.
            seeds: uint64 [batch]. A sample and its seed alone decide its example; see
                trainer.objectives.counter_rng for random numbers.
        """
