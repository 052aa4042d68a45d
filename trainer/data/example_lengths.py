"""How long the examples of samples will be, and what they cost, before anything is read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from curriculum.step_plan import Samples
from trainer.data.batch import Tokens
from trainer.data.dataset import PairTable, TokenStream
from trainer.objectives import TrainingObjective


def example_lengths(
    objective: TrainingObjective,
    names: tuple[str, ...],
    samples: Samples,
    sets: Mapping[str, TokenStream | PairTable],
) -> tuple[Tokens, Tokens]:
    """Tokens of each sample's example on the encoder's side and on the decoder's: int64 [samples] each.
    ``names`` are the sets that ``samples.set_index`` points into."""
    pairs = _pair_lengths(names, samples, sets)
    sources, targets = np.empty((2, len(samples)), dtype=np.int64)
    for denoiser in np.unique(samples.denoisers).tolist():
        mine = np.flatnonzero(samples.denoisers == denoiser)
        sources[mine], targets[mine] = objective.lengths(pairs[:, mine], denoiser, samples.noise[mine])
    return sources, targets


def _pair_lengths(
    names: tuple[str, ...], samples: Samples, sets: Mapping[str, TokenStream | PairTable]
) -> Tokens:
    lengths = np.zeros((2, len(samples)), dtype=np.int64)
    for index in np.unique(samples.set_index).tolist():
        found = sets[names[index]]
        if isinstance(found, PairTable):
            mine = np.flatnonzero(samples.set_index == index)
            lengths[:, mine] = found.lengths(samples.rows[mine])
    return lengths
