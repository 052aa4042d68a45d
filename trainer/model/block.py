"""Encoder and decoder layers: sublayers between norms, each added to what came in."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from manifests.schema.model import ModelSettings
from trainer.model.attention import CrossAttention, SelfAttention
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
        self.dropout = settings.dropout

    def forward(self, x: Tensor, *inputs: Any) -> Tensor:
        """[batch, positions, d_model] -> same; ``inputs`` are the sublayer's others."""
        return x + F.dropout(
            self.output_norm(self.sublayer(self.norm(x), *inputs)), self.dropout, self.training
        )


class EncoderBlock(nn.Module):
    """Self-attention in both directions, then the feed-forward."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        self.attention = Residual(settings, SelfAttention(settings, causal=False))
        self.feedforward = Residual(settings, FeedForward(settings))

    def forward(self, x: Tensor, rotation: Rotation, mask: Mask) -> Tensor:
        """[batch, positions, d_model] -> same; ``mask`` as in SelfAttention."""
        output: Tensor = self.feedforward(self.attention(x, rotation, mask))
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
    ) -> Tensor:
        """[batch, positions, d_model] -> same; ``mask`` is over ``memory``, ``own_mask`` over ``x``. Padding
        at the end of ``x`` needs
        none: attention is causal."""
        x = self.attention(x, rotation, own_mask, cache)
        output: Tensor = self.feedforward(self.cross_attention(x, memory, mask, cache))
        return output
