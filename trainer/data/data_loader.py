"""From plan to batch: reads the planned samples and applies their objectives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from curriculum.objective_shape import ObjectiveShape
from curriculum.step_plan import Samples
from trainer.data.batch import Batch
from trainer.data.dataset import PairTable, TokenStream
from trainer.data.drawn import Drawn
from trainer.data.joined_batch import join
from trainer.data.ragged import Pairs, Ragged


@dataclass(frozen=True)
class LoadedBatch:
    """A micro batch, and the corpus tokens that each set gave to it: chunks, or what is read of pairs,
    without what the objective adds."""

    batch: Batch
    tokens: Counter[str]


class DataLoader:
    """Samples of opened sets, as the batches of their objectives."""

    def __init__(self, sets: Mapping[str, TokenStream | PairTable]) -> None:
        self._sets = sets

    def load(self, parts: Sequence[Drawn]) -> LoadedBatch:
        """The samples as one micro batch: part by part, ordered by denoiser and else as given."""
        batches: list[Batch] = []
        tokens: Counter[str] = Counter()
        alike = [same for part in parts for same in _by_denoiser(part)]
        for same in alike:
            read, counted = self._read(same.objective.shape, same.sets, same.samples)
            batches.append(same.objective.apply(read, int(same.samples.denoisers[0]), same.samples.noise))
            tokens.update(counted)
        seeds = np.concatenate([same.samples.dropout for same in alike])
        return LoadedBatch(replace(join(batches), dropout_seeds=seeds), tokens)

    def _read(
        self, shape: ObjectiveShape, names: tuple[str, ...], samples: Samples
    ) -> tuple[NDArray[np.uint32] | Pairs, Counter[str]]:
        if shape.chunk_length is None:
            return self._pairs(shape.room, names, samples)
        return self._chunks(shape.chunk_length, names, samples)

    def _chunks(
        self, length: int, names: tuple[str, ...], samples: Samples
    ) -> tuple[NDArray[np.uint32], Counter[str]]:
        chunks = np.empty((len(samples.rows), length), dtype=np.uint32)
        tokens: Counter[str] = Counter()
        for name, mine in _by_set(names, samples):
            stream = self._sets[name]
            assert isinstance(stream, TokenStream)
            chunks[mine] = stream.chunks(samples.rows[mine], length)
            tokens[name] = len(mine) * length
        return chunks, tokens

    def _pairs(
        self, room: tuple[int, int], names: tuple[str, ...], samples: Samples
    ) -> tuple[Pairs, Counter[str]]:
        prompts: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)] * len(samples.rows)
        targets = list(prompts)
        tokens: Counter[str] = Counter()
        for name, mine in _by_set(names, samples):
            table = self._sets[name]
            assert isinstance(table, PairTable)
            for index, prompt, target in zip(mine.tolist(), *table.pairs(samples.rows[mine]), strict=True):
                prompts[index], targets[index] = prompt, target
                tokens[name] += min(len(prompt), room[0]) + min(len(target), room[1])
        return Pairs(Ragged.of(prompts), Ragged.of(targets)), tokens


def _by_denoiser(part: Drawn) -> list[Drawn]:
    denoisers = part.samples.denoisers
    return [part[np.flatnonzero(denoisers == denoiser)] for denoiser in np.unique(denoisers).tolist()]


def _by_set(names: tuple[str, ...], samples: Samples) -> list[tuple[str, NDArray[np.int64]]]:
    """The sets that have samples here, each with the places of its samples."""
    return [
        (names[index], np.flatnonzero(samples.set_index == index))
        for index in np.unique(samples.set_index).tolist()
    ]
