"""Encoder and decoder layers: sublayers between norms, each added to what came in."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from manifests.schema.model import ModelSettings
from trainer.model.attention import CrossAttention, SelfAttention
from trainer.model.dropout import Dropout, Examples
from trainer.model.feedforward import FeedForward
from trainer.model.kv_cache import LayerKVCache
from trainer.model.masks import Mask
from trainer.model.norm import make_norm, make_output_norm
from trainer.model.rope import Rotation


class Residual(nn.Module):
    """x + dropout(output_norm(sublayer(norm(x)))); a pre-norm model has no output norm.

    The paper's words (norms on the input of each block and on the output of each attention) leave open
    whether the feed-forward has both; as in CogView, where the sandwich comes from, every sublayer here has
    them.
    """

    def __init__(self, settings: ModelSettings, sublayer: nn.Module) -> None:
        super().__init__()
        self.norm = make_norm(settings)
        self.sublayer = sublayer
        self.output_norm = make_output_norm(settings)
        self.dropout = Dropout(settings.dropout)

    def forward(self, x: Tensor, examples: Examples | None, *inputs: Any) -> Tensor:
        """[batch, positions, d_model] -> same; ``inputs`` are the sublayer's others."""
        dropped: Tensor = self.dropout(self.output_norm(self.sublayer(self.norm(x), *inputs)), examples)
        return x + dropped


class EncoderBlock(nn.Module):
    """Self-attention in both directions, then the feed-forward."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        self.attention = Residual(settings, SelfAttention(settings, causal=False))
        self.feedforward = Residual(settings, FeedForward(settings))

    def forward(self, x: Tensor, rotation: Rotation, mask: Mask, examples: Examples | None = None) -> Tensor:
        """[batch, positions, d_model] -> same; ``mask`` as in SelfAttention, ``examples`` as in Dropout."""
        x = self.attention(x, examples, rotation, mask, None, examples)
        output: Tensor = self.feedforward(x, examples)
        return output


class DecoderBlock(nn.Module):
    """Causal self-attention, attention to the encoder's output, then the feed-forward."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        self.attention = Residual(settings, SelfAttention(settings, causal=True))
        self.cross_attention = Residual(settings, CrossAttention(settings))
        self.feedforward = Residual(settings, FeedForward(settings))

    def forward(
        self,
        x: Tensor,
        rotation: Rotation,
        memory: Tensor,
        mask: Mask,
        own_mask: Mask,
        cache: LayerKVCache | None = None,
        examples: Examples | None = None,
    ) -> Tensor:
        """[batch, positions, d_model] -> same; ``mask`` is over ``memory``, ``own_mask`` over ``x``. Padding
        at the end of ``x`` needs
        none: attention is causal. ``examples`` as in Dropout."""
        x = self.attention(x, examples, rotation, own_mask, cache, examples)
        x = self.cross_attention(x, examples, memory, mask, cache, examples)
        output: Tensor = self.feedforward(x, examples)
        return output
