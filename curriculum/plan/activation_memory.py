"""What a pass keeps for its backward pass, and what it works in, in bytes: by the order in which the model
computes. ``benchmarks/plan_memory.py`` measures what autograd saves."""

from __future__ import annotations

from typing import Literal

from manifests.schema.model import ModelSettings

FP32 = 4
CHUNK = 1024
"""Target tokens whose logits are there at a time (trainer.model.loss)."""


def saved_bytes(
    settings: ModelSettings,
    vocabulary: int,
    sources: int,
    targets: int,
    recompute: bool,
    precision: Literal["fp32", "bf16"],
) -> int:
    """Bytes kept of a micro batch of so many tokens on the encoder's and on the decoder's side, attention
    being one kernel that keeps no scores (Dao et al. 2022)."""
    element = 2 if precision == "bf16" else FP32
    layers = _layers(settings, recompute)
    kept = sources * layers[0] + targets * layers[1]
    # The encoder's output, inputs of the two last norms, and the gradients that the loss keeps beside itself.
    ends = (2 * sources + 2 * targets) * settings.d_model + vocabulary * (settings.d_model + 1)
    beside = 0 if recompute else sources * _beside(settings, 0) + targets * _beside(settings, 1)
    return element * (kept + ends) + beside


def layer_bytes(settings: ModelSettings, sources: int, targets: int, element: int) -> int:
    """Bytes that one layer of the decoder keeps: what ``recompute`` makes again, layer by layer."""
    encoder, decoder = _of_a_layer(settings)
    cross = sources * 2 * settings.heads * settings.head_size
    return element * max(sources * encoder, targets * decoder + cross)


def _layers(settings: ModelSettings, recompute: bool) -> tuple[int, int]:
    """Elements of all layers, by token of the encoder's side and of the decoder's."""
    if recompute:
        return settings.encoder_layers * settings.d_model, settings.decoder_layers * settings.d_model
    encoder, decoder = _of_a_layer(settings)
    width = settings.heads * settings.head_size
    keys_and_values = settings.decoder_layers * 2 * width
    return settings.encoder_layers * encoder + keys_and_values, settings.decoder_layers * decoder


def _of_a_layer(settings: ModelSettings) -> tuple[int, int]:
    """Elements by token of an encoder layer, and of a decoder layer without its keys and values of the
    encoder's output. A sublayer keeps the inputs of its norms and of its first product; attention queries,
    keys, values and what it mixes of them, by example and put together; the feed-forward gate, up and their
    product."""
    width, d_model, hidden = settings.heads * settings.head_size, settings.d_model, settings.ffn_hidden
    around = d_model * (3 if settings.norm == "sandwich" else 2)
    attention, cross = around + 5 * width, around + 3 * width
    feedforward = around + 3 * hidden
    return attention + feedforward, attention + cross + feedforward


def _beside(settings: ModelSettings, side: int) -> int:
    """Bytes by token of what is no activation: float32 numbers of norms and attention, and a byte for what
    dropout leaves of each output of a sublayer."""
    norms = 2 if settings.norm == "sandwich" else 1
    of_a_norm = 1 if settings.norm == "sandwich" else 2
    layers = (settings.encoder_layers, settings.decoder_layers)[side]
    sublayers, attentions = (2, 1) if side == 0 else (3, 2)
    dropped = sublayers * settings.d_model if settings.dropout else 0
    numbers = layers * (sublayers * norms * of_a_norm + attentions * settings.heads) + of_a_norm
    return FP32 * numbers + layers * dropped
