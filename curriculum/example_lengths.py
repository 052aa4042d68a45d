"""How long the examples of an objective are, before they are made: tokens on the encoder's side and on the
decoder's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from manifests.schema.denoisers import Denoiser
from manifests.schema.objectives import InstructionObjective, PrefixObjective

Lengths = NDArray[np.int64]


def span_lengths(chunk: int, masked: int, spans: int) -> tuple[int, int]:
    """Of R and X: text between sentinels, with mode token and ``</s>``; sentinels before spans, with
    ``</s>``."""
    return chunk - masked + spans + 2, masked + spans + 1


def longest_suffix(denoiser: Denoiser, chunk: int) -> int:
    """Tokens that S cuts off, at most: density * chunk, rounded down; every length from 1 on is equally
    likely."""
    return int(denoiser.density * chunk)


def suffix_lengths(chunk: int, suffix: Lengths) -> tuple[Lengths, Lengths]:
    """Of S, int64 [examples] each: prefix with mode token, sentinel and ``</s>``; suffix with sentinel and
    ``</s>``."""
    return chunk - suffix + 3, suffix + 2


def prefix_lengths(objective: PrefixObjective) -> tuple[int, int]:
    """As S, but for the ``</s>`` of the labels, because the text goes on."""
    return objective.source + 3, objective.target + 1


def instruction_lengths(objective: InstructionObjective, pairs: Lengths) -> tuple[Lengths, Lengths]:
    """Of pairs, int64 [2, pairs] lengths of prompts and targets: framed as S is, and cut to the room that
    there is."""
    return np.minimum(pairs[0] + 3, objective.source), np.minimum(pairs[1] + 2, objective.target)
