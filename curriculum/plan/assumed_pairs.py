"""How long instruction pairs may be, before there are any."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Lengths = NDArray[np.int64]
"""int64 [2, pairs]: tokens of prompts and of targets."""

MEANS = (200, 70)
"""Tokens of a prompt and of a target, on average, before they are cut: an assumption."""
NUMBER = 4096


def assumed_pairs(means: tuple[int, int], most: tuple[int, int]) -> Lengths:
    """NUMBER pairs whose lengths follow the exponential law that has given means, with no more tokens than
    ``most``: a longer prompt is cut, a pair with a longer target left out, as the pipeline does. Always the
    same ones."""
    quantiles = (np.arange(NUMBER) + 0.5) / NUMBER
    prompts = np.minimum(1 - means[0] * np.log1p(-quantiles), most[0])
    within = quantiles * -np.expm1(-most[1] / means[1])
    targets = np.minimum(1 - means[1] * np.log1p(-within), most[1])
    shuffled = np.random.default_rng(0).permutation(targets)
    return np.stack((prompts, shuffled)).astype(np.int64)
