"""From plan to batch: reads the planned samples and applies the stage's objective."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curriculum.step_plan import MicroBatch
from manifests.schema.objectives import Objective
from manifests.schema.shards import Vocabulary
from trainer.data.batch import Batch
from trainer.data.dataset import PairTable, TokenStream, ragged
from trainer.objectives import Instruction, build


@dataclass(frozen=True)
class LoadedBatch:
    """A micro batch, and the corpus tokens that each set gave to it (chunk or pair lengths, without what the
    objective adds)."""

    batch: Batch
    tokens: Counter[str]


class DataLoader:
    """Samples of opened sets, as the batches of an objective."""

    def __init__(self, sets: dict[str, TokenStream | PairTable], vocabulary: Vocabulary) -> None:
        self._sets = sets
        self._vocabulary = vocabulary

    def load(self, objective: Objective, names: tuple[str, ...], micro: MicroBatch) -> LoadedBatch:
        """The micro batch's samples in the plan's order; ``names`` are the sets that its ``set_index`` points
        into."""
        transform = build(objective, self._vocabulary)
        if isinstance(transform, Instruction):
            return self._pairs(transform, names, micro)
        tokens = np.empty((len(micro.rows), transform.chunk_length), dtype=np.uint32)
        for name, mine in _by_set(names, micro):
            tokens[mine] = self._stream(name).chunks(micro.rows[mine], transform.chunk_length)
        counts = Counter({name: len(mine) * transform.chunk_length for name, mine in _by_set(names, micro)})
        return LoadedBatch(transform.apply(tokens, micro.denoiser, micro.seeds), counts)

    def _pairs(self, transform: Instruction, names: tuple[str, ...], micro: MicroBatch) -> LoadedBatch:
        prompts: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)] * len(micro.rows)
        targets = list(prompts)
        counts: Counter[str] = Counter()
        for name, mine in _by_set(names, micro):
            for index, prompt, target in zip(
                mine.tolist(), *self._pair_set(name).pairs(micro.rows[mine]), strict=True
            ):
                prompts[index], targets[index] = prompt, target
                counts[name] += len(prompt) + len(target)
        return LoadedBatch(transform.apply(ragged(prompts), ragged(targets)), counts)

    def _stream(self, name: str) -> TokenStream:
        opened = self._sets[name]
        assert isinstance(opened, TokenStream)
        return opened

    def _pair_set(self, name: str) -> PairTable:
        opened = self._sets[name]
        assert isinstance(opened, PairTable)
        return opened


def _by_set(names: tuple[str, ...], micro: MicroBatch) -> list[tuple[str, NDArray[np.int64]]]:
    """The sets that have samples in a micro batch, each with the places of its samples."""
    return [
        (names[index], np.flatnonzero(micro.set_index == index))
        for index in np.unique(micro.set_index).tolist()
    ]
