"""How far the order of a document's words is from chance: 1 as in the reference text, 0 as in the same text
with its words shuffled.

What the words before tell of the next one falls to nothing where words are shuffled, whatever they are
about; a perplexity does not tell a strange subject from a wrong order. Both ends of the scale are measured
on reference documents that the model has not seen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.models.perplexity.scorer import PerplexityScorer, Scores

LEAST_PLACES = 30
"""Places of a document below which nothing is said of it."""
LEAST_REFERENCE = 1000
"""Places of reference text below which the scale is not known."""


class GainScale(NamedTuple):
    """Mean gain (see ``Scores``) of the reference text, of the same text shuffled, and the standard
    deviation of a single place's gain."""

    reference: float
    shuffled: float
    deviation: float

    def context_gain(self, scores: Scores) -> npt.NDArray[np.float64]:
        """float64 [documents]; NaN for fewer than ``LEAST_PLACES``. One standard error is added, so that a
        short document is not called shuffled for a few rare words."""
        places = np.where(scores.places >= LEAST_PLACES, scores.places, np.nan)
        mean = scores.gain / places + self.deviation / np.sqrt(places)
        return (mean - self.shuffled) / (self.reference - self.shuffled)


def measure_scale(
    scorer: PerplexityScorer, tokens: pa.ListArray, natural: Scores, seed: int
) -> GainScale | None:
    """The scale of reference documents [documents]; None where there is too little of them, or where their
    order tells the model nothing. ``natural``: their scores."""
    shuffled = scorer.scores(shuffle(tokens, seed))
    places = natural.places.sum()
    if min(places, shuffled.places.sum()) < LEAST_REFERENCE:
        return None
    mean = float(natural.gain.sum() / places)
    chance = float(shuffled.gain.sum() / shuffled.places.sum())
    variance = float(natural.gain_squares.sum() / places) - mean * mean
    return GainScale(mean, chance, float(np.sqrt(max(variance, 0)))) if mean > chance else None


def shuffle(tokens: pa.ListArray, seed: int) -> pa.ListArray:
    """The ids of each row in an order drawn by ``seed``."""
    lengths = np.diff(tokens.offsets.to_numpy())
    ids = tokens.flatten().to_numpy()
    row = np.repeat(np.arange(len(lengths)), lengths)
    order = np.lexsort((np.random.default_rng(seed).random(len(ids)), row))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(ids[order]))
