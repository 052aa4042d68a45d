"""How long the examples of samples will be, and what they cost, before anything is read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trainer.data.batch import Tokens
from trainer.data.dataset import PairTable, TokenStream
from trainer.data.drawn import Drawn


def example_lengths(part: Drawn, sets: Mapping[str, TokenStream | PairTable]) -> tuple[Tokens, Tokens]:
    """Tokens of each sample's example on the encoder's side and on the decoder's: int64 [samples] each."""
    objective, names, samples = part.objective, part.sets, part.samples
    pairs = np.zeros((2, len(samples)), dtype=np.int64)
    if objective.shape.chunk_length is None:
        for index in np.unique(samples.set_index).tolist():
            table, mine = sets[names[index]], np.flatnonzero(samples.set_index == index)
            assert isinstance(table, PairTable)
            pairs[:, mine] = table.lengths(samples.rows[mine])
    sources, targets = np.empty((2, len(samples)), dtype=np.int64)
    for denoiser in np.unique(samples.denoisers).tolist():
        mine = np.flatnonzero(samples.denoisers == denoiser)
        sources[mine], targets[mine] = objective.lengths(pairs[:, mine], denoiser, samples.noise[mine])
    return sources, targets
