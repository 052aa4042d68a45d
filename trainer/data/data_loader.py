"""From plan to batch: reads the planned samples and applies the stage's objective."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curriculum.step_plan import MicroBatch
from trainer.data.batch import Batch
from trainer.data.dataset import PairTable, TokenStream
from trainer.data.ragged import Pairs, Ragged
from trainer.objectives import TrainingObjective


@dataclass(frozen=True)
class LoadedBatch:
    """A micro batch, and the corpus tokens that each set gave to it: chunks, or what is read of pairs,
    without what the objective adds."""

    batch: Batch
    tokens: Counter[str]


class DataLoader:
    """Samples of opened sets, as the batches of an objective."""

    def __init__(self, sets: dict[str, TokenStream | PairTable]) -> None:
        self._sets = sets

    def load(self, objective: TrainingObjective, names: tuple[str, ...], micro: MicroBatch) -> LoadedBatch:
        """The micro batch's samples in the plan's order; ``names`` are the sets that its ``set_index`` points
        into."""
        length = objective.shape.chunk_length
        samples: NDArray[np.uint32] | Pairs
        if length is None:
            samples, tokens = self._pairs(objective.shape.room, names, micro)
        else:
            samples, tokens = self._chunks(length, names, micro)
        return LoadedBatch(objective.apply(samples, micro.denoiser, micro.seeds), tokens)

    def _chunks(
        self, length: int, names: tuple[str, ...], micro: MicroBatch
    ) -> tuple[NDArray[np.uint32], Counter[str]]:
        chunks = np.empty((len(micro.rows), length), dtype=np.uint32)
        tokens: Counter[str] = Counter()
        for name, mine in _by_set(names, micro):
            stream = self._sets[name]
            assert isinstance(stream, TokenStream)
            chunks[mine] = stream.chunks(micro.rows[mine], length)
            tokens[name] = len(mine) * length
        return chunks, tokens

    def _pairs(
        self, room: tuple[int, int], names: tuple[str, ...], micro: MicroBatch
    ) -> tuple[Pairs, Counter[str]]:
        prompts: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)] * len(micro.rows)
        targets = list(prompts)
        tokens: Counter[str] = Counter()
        for name, mine in _by_set(names, micro):
            table = self._sets[name]
            assert isinstance(table, PairTable)
            for index, prompt, target in zip(mine.tolist(), *table.pairs(micro.rows[mine]), strict=True):
                prompts[index], targets[index] = prompt, target
                tokens[name] += min(len(prompt), room[0]) + min(len(target), room[1])
        return Pairs(Ragged.of(prompts), Ragged.of(targets)), tokens


def _by_set(names: tuple[str, ...], micro: MicroBatch) -> list[tuple[str, NDArray[np.int64]]]:
    """The sets that have samples in a micro batch, each with the places of its samples."""
    return [
        (names[index], np.flatnonzero(micro.set_index == index))
        for index in np.unique(micro.set_index).tolist()
    ]
