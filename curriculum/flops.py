"""Floating-point operations of a training step, as its arithmetic needs them: what model FLOPs utilisation
(MFU) is counted in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from manifests.schema.model import ModelSettings

Int64 = npt.NDArray[np.int64]
Lengths = Int64 | Sequence[int]


def step_flops(settings: ModelSettings, vocabulary: int, sources: Lengths, targets: Lengths) -> int:
    """The sum of example_flops over examples."""
    return sum(example_flops(settings, vocabulary, sources, targets).tolist())


def example_flops(settings: ModelSettings, vocabulary: int, sources: Lengths, targets: Lengths) -> Int64:
    """Operations of the matrix products of one forward and backward pass over each example, int64 [examples],
    a multiplication and an addition being two.

    Counted as in Chowdhery et al. 2022 (PaLM, appendix B): the backward pass costs twice the forward pass;
    norms, activations, rotations, softmax and the optimizer count for nothing, nor does what ``recompute``
    does again. Unlike there, causal attention counts a query's own and earlier keys only. Padding and
    attention across examples are no work, so that a batch that has them gets no credit for them.

    Args:
        vocabulary: rows of the output layer.
        sources, targets: real tokens of each example on the encoder's side, and on the decoder's, int64
            [examples] (see Batch.lengths).
    """
    output = np.asarray(targets, dtype=np.int64) * settings.d_model * vocabulary
    return 3 * 2 * (_in_layers(settings, sources, targets) + output)


def recomputed_flops(settings: ModelSettings, sources: Lengths, targets: Lengths) -> Int64:
    """Operations that ``recompute`` does beside those of example_flops: the forward pass of the layers, but
    not of the output, once more."""
    return 2 * _in_layers(settings, sources, targets)


def _in_layers(settings: ModelSettings, sources: Lengths, targets: Lengths) -> Int64:
    """Multiplications of a forward pass without the output layer: int64 [examples]."""
    source, target = np.asarray(sources, dtype=np.int64), np.asarray(targets, dtype=np.int64)
    width, d_model = settings.heads * settings.head_size, settings.d_model
    projections, feedforward = (
        4 * d_model * width,
        3 * d_model * settings.ffn_hidden,
    )  # weights: q, k, v and out; gate, up and out
    # A pair of query and key costs two products of ``width``: its score, and its part of the value.
    encoder = source * (projections + feedforward) + 2 * width * source * source
    own = target * (projections + feedforward) + 2 * width * (target * (target + 1) // 2)
    cross = (source + target) * (projections // 2) + 2 * width * source * target
    multiplications: Int64 = settings.encoder_layers * encoder + settings.decoder_layers * (own + cross)
    return multiplications
