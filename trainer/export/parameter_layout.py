"""Which of our parameters is which of the released class's, and how their rows are ordered.

The released class has one matrix for q, k and v whose rows are interleaved, head by head [q k v] (and [k v]
for the attention to the source); ours are all q, then all k, then all v. Everything else is the same under
another name. The sandwich's output norms, which the released class does not have, are named after their
sublayer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from manifests.schema.model import ModelSettings
from manifests.schema.shards import Vocabulary
from trainer.model.transformer import EncoderDecoder

EMBEDDING, OUTPUT = "embedding.weight", "lm_head.weight"


@dataclass(frozen=True)
class Entry:
    """One of our parameters, ``ours``, and its name in the released class; ``interleaved`` matrices have so
    many rows a head and channel: 3 (q, k, v), 2 (k, v), or 1 for all that are the same in both."""

    ours: str
    released: str
    interleaved: int = 1

    def to_released(self, value: Tensor, heads: int) -> Tensor:
        """Our rows [of q | of k | of v] to [q k v] of each head; the shape stays."""
        if self.interleaved == 1:
            return value
        return value.view(self.interleaved, heads, -1, *value.shape[1:]).transpose(0, 1).reshape(value.shape)

    def released_rows(self, first: int, last: int, rows: int, heads: int) -> Iterator[tuple[int, int]]:
        """Where our rows ``first .. last - 1`` of ``rows`` are in the released tensor, in our order: its rows
        ``start .. end - 1`` for each (start, end)."""
        if self.interleaved == 1:
            yield first, last
            return
        size = rows // (self.interleaved * heads)
        while first < last:
            block, within = divmod(first, size)
            part, head = divmod(block, heads)
            count = min(size - within, last - first)
            start = (head * self.interleaved + part) * size + within
            yield start, start + count
            first += count


def entries(settings: ModelSettings) -> Iterator[Entry]:
    """All parameters of a model, in the order in which it computes. ``lm_head.weight`` is not among them: it
    is the embedding again."""
    yield Entry(EMBEDDING, "shared_embedding.weight")
    for stack, layers in (("encoder", settings.encoder_layers), ("decoder", settings.decoder_layers)):
        for layer in range(layers):
            yield from _block(
                f"{stack}.blocks.{layer}", f"{stack}.block.{layer}", settings, decoder=stack == "decoder"
            )
        yield from _norm(f"{stack}.norm", f"{stack}.final_layernorm", settings)
    yield Entry("output_bias", "lm_head.bias")


def parameter_shapes(settings: ModelSettings, vocabulary: Vocabulary) -> dict[str, torch.Size]:
    """The shape of each parameter of EncoderDecoder, without making them."""
    with torch.device("meta"):
        model = EncoderDecoder(settings, vocabulary.padded)
    return {name: parameter.shape for name, parameter in model.named_parameters()}


def _block(ours: str, released: str, settings: ModelSettings, *, decoder: bool) -> Iterator[Entry]:
    yield from _norm(f"{ours}.attention.norm", f"{released}.input_layernorm", settings)
    yield from _linear(f"{ours}.attention.sublayer.qkv", f"{released}.self_attn.qkv", interleaved=3)
    yield from _linear(f"{ours}.attention.sublayer.out", f"{released}.self_attn.o")
    yield from _output_norm(f"{ours}.attention", f"{released}.self_attn", settings)
    if decoder:
        yield from _norm(f"{ours}.cross_attention.norm", f"{released}.post_attn_layernorm", settings)
        yield from _linear(f"{ours}.cross_attention.sublayer.q", f"{released}.inter_attn.q")
        yield from _linear(f"{ours}.cross_attention.sublayer.kv", f"{released}.inter_attn.kv", interleaved=2)
        yield from _linear(f"{ours}.cross_attention.sublayer.out", f"{released}.inter_attn.o")
        yield from _output_norm(f"{ours}.cross_attention", f"{released}.inter_attn", settings)
    before = "post_inter_attn_layernorm" if decoder else "post_attn_layernorm"
    yield from _norm(f"{ours}.feedforward.norm", f"{released}.{before}", settings)
    yield Entry(f"{ours}.feedforward.sublayer.gate_up.weight", f"{released}.mlp.fc_in.weight")
    yield Entry(f"{ours}.feedforward.sublayer.out.weight", f"{released}.mlp.fc_out.weight")
    yield from _output_norm(f"{ours}.feedforward", f"{released}.mlp", settings)


def _linear(ours: str, released: str, interleaved: int = 1) -> Iterator[Entry]:
    for part in ("weight", "bias"):
        yield Entry(f"{ours}.{part}", f"{released}.{part}", interleaved)


def _norm(ours: str, released: str, settings: ModelSettings) -> Iterator[Entry]:
    for part in ("weight", "bias") if settings.norm == "pre" else ("weight",):
        yield Entry(f"{ours}.{part}", f"{released}.{part}")


def _output_norm(ours: str, released: str, settings: ModelSettings) -> Iterator[Entry]:
    if settings.norm == "sandwich":
        yield Entry(f"{ours}.output_norm.weight", f"{released}_output_layernorm.weight")
