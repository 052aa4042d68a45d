"""A process's part of a step, read and ready for the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curriculum.flops import example_flops
from curriculum.packing import Places, pack
from manifests.schema.model import ModelSettings
from trainer.data.data_loader import DataLoader, LoadedBatch
from trainer.data.dataset import PairTable, TokenStream
from trainer.data.drawn import Drawn, chosen
from trainer.data.example_lengths import example_lengths


@dataclass(frozen=True)
class StepLoader:
    """Deals samples of opened sets out to processes by what they cost the model, and loads those of one.

    ``vocabulary`` is the model's rows of embedding; this is process ``rank`` of ``ranks``.
    """

    sets: Mapping[str, TokenStream | PairTable]
    model: ModelSettings
    vocabulary: int
    rank: int
    ranks: int

    def packed(self, parts: list[Drawn], budget: int) -> tuple[NDArray[np.int64], list[list[Places]]]:
        """What each sample costs (FLOP, int64 [samples]), and the micro batches of each process (see
        curriculum.packing). Samples are numbered through all parts: those of different objectives share
        micro batches."""
        lengths = [example_lengths(part, self.sets) for part in parts]
        sources, targets = (np.concatenate(side) for side in zip(*lengths, strict=True))
        costs = example_flops(self.model, self.vocabulary, sources, targets)
        return costs, pack(costs, sources + targets, self.ranks, budget)

    def load(self, parts: list[Drawn], budget: int) -> Iterator[tuple[LoadedBatch, bool]]:
        """This process's micro batches, each with whether it is idle: where no samples are left, it is the
        step's cheapest, which then counts for nothing.

        Args:
            budget: tokens of a micro batch, at most.
        """
        costs, packed = self.packed(parts, budget)
        loader, cheapest = DataLoader(self.sets), np.array([costs.argmin()])
        for places in packed[self.rank]:
            idle = len(places) == 0
            yield loader.load(chosen(parts, cheapest if idle else places)), idle
