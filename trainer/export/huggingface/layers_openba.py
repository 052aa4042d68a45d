# SPDX-License-Identifier: Apache-2.0
# mypy: allow-subclassing-any, no-warn-return-any
"""Attention, SwiGLU and the blocks of the OpenBA encoder-decoder (arXiv 2309.10706), with both of its
normalisations.

Shapes: [batch, positions, hidden_size] unless said otherwise.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.cache_utils import EncoderDecoderCache

from .configuration_openba import OpenBAConfig

Rotation = tuple[Tensor, Tensor]


def make_norm(config: OpenBAConfig) -> nn.Module:
    """The normalisation of [..., hidden_size] that the configuration names."""
    kind = nn.LayerNorm if config.norm == "pre" else nn.RMSNorm
    return kind(config.hidden_size, eps=1e-5)


def make_output_norm(config: OpenBAConfig) -> nn.Module:
    """The second slice of the sandwich."""
    return nn.Identity() if config.norm == "pre" else make_norm(config)


def rotation(start: int, length: int, config: OpenBAConfig, like: Tensor) -> Rotation:
    """Cosines and sines of the positions from ``start`` on, each [length, kv_channels / 2]; float32 until the
    end."""
    steps = torch.arange(0, config.kv_channels, 2, device=like.device, dtype=torch.float32)
    positions = torch.arange(start, start + length, device=like.device, dtype=torch.float32)
    angles = torch.outer(positions, config.rope_base ** -(steps / config.kv_channels))
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


def rotate(x: Tensor, turn: Rotation) -> Tensor:
    """Rotary positions, rotate-half form: [batch, heads, positions, kv_channels] -> same."""
    first, second = x.chunk(2, dim=-1)
    cos, sin = turn
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class OpenBAAttention(nn.Module):
    """Self-attention with rotary positions. The rows of ``qkv`` are, head by head, q, k and v."""

    def __init__(self, config: OpenBAConfig, layer: int, causal: bool) -> None:
        super().__init__()
        width = config.num_heads * config.kv_channels
        self.config, self.layer, self.causal = config, layer, causal
        self.qkv = nn.Linear(config.hidden_size, 3 * width)
        self.o = nn.Linear(width, config.hidden_size)

    def forward(
        self, x: Tensor, turn: Rotation, mask: Tensor | None, cache: EncoderDecoderCache | None
    ) -> Tensor:
        """[batch, positions, hidden_size] -> same; ``mask`` as scaled_dot_product_attention takes it,
        ``cache`` holds earlier positions."""
        batch, length, _ = x.shape
        shape = (batch, length, self.config.num_heads, 3, self.config.kv_channels)
        queries, keys, values = self.qkv(x).view(shape).permute(3, 0, 2, 1, 4)
        queries, keys = rotate(queries, turn), rotate(keys, turn)
        if cache is not None:
            keys, values = cache.self_attention_cache.update(keys, values, self.layer)
        causal = self.causal and length > 1
        if causal and keys.shape[2] > length:  # several positions after cached ones
            mask = torch.ones(length, keys.shape[2], dtype=torch.bool, device=x.device)
            mask, causal = mask.tril(keys.shape[2] - length), False
        dropout = self.config.attention_dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask, is_causal=causal, dropout_p=dropout
        )
        return self.o(mixed.transpose(1, 2).reshape(batch, length, -1))


class OpenBACrossAttention(nn.Module):
    """The decoder's attention to the encoder's output, without positions. The rows of ``kv`` are, head by
    head, k and v."""

    def __init__(self, config: OpenBAConfig, layer: int) -> None:
        super().__init__()
        width = config.num_heads * config.kv_channels
        self.config, self.layer = config, layer
        self.q = nn.Linear(config.hidden_size, width)
        self.kv = nn.Linear(config.hidden_size, 2 * width)
        self.o = nn.Linear(width, config.hidden_size)

    def forward(
        self, x: Tensor, memory: Tensor, mask: Tensor | None, cache: EncoderDecoderCache | None
    ) -> Tensor:
        """[batch, positions, hidden_size], attending to ``memory`` [batch, source positions, hidden_size] ->
        the shape of ``x``."""
        batch, length, _ = x.shape
        heads, size = self.config.num_heads, self.config.kv_channels
        queries = self.q(x).view(batch, length, heads, size).transpose(1, 2)
        if cache is not None and cache.is_updated.get(self.layer):
            held = cache.cross_attention_cache.layers[self.layer]
            keys, values = held.keys, held.values
        else:
            shape = (*memory.shape[:2], heads, 2, size)
            keys, values = self.kv(memory).view(shape).permute(3, 0, 2, 1, 4)
            if cache is not None:
                keys, values = cache.cross_attention_cache.update(keys, values, self.layer)
                cache.is_updated[self.layer] = True
        dropout = self.config.attention_dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, dropout_p=dropout)
        return self.o(mixed.transpose(1, 2).reshape(batch, length, -1))


class OpenBAMLP(nn.Module):
    """SwiGLU. The rows of ``fc_in`` are all gates, then all ups."""

    def __init__(self, config: OpenBAConfig) -> None:
        super().__init__()
        self.fc_in = nn.Linear(config.hidden_size, 2 * config.mlp_size, bias=False)
        self.fc_out = nn.Linear(config.mlp_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, positions, hidden_size] -> same."""
        gate, up = self.fc_in(x).chunk(2, dim=-1)
        return self.fc_out(F.silu(gate) * up)


class OpenBABlock(nn.Module):
    """Sublayers, each x + output_norm(sublayer(norm(x))); the norms' names are those of the released
    model."""

    def __init__(self, config: OpenBAConfig, layer: int, decoder: bool) -> None:
        super().__init__()
        self.dropout = config.hidden_dropout
        self.input_layernorm = make_norm(config)
        self.self_attn = OpenBAAttention(config, layer, causal=decoder)
        self.self_attn_output_layernorm = make_output_norm(config)
        self.post_attn_layernorm = make_norm(config)
        if decoder:
            self.inter_attn = OpenBACrossAttention(config, layer)
            self.inter_attn_output_layernorm = make_output_norm(config)
            self.post_inter_attn_layernorm = make_norm(config)
        self.mlp = OpenBAMLP(config)
        self.mlp_output_layernorm = make_output_norm(config)

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)

    def forward(
        self,
        x: Tensor,
        turn: Rotation,
        mask: Tensor | None,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        cache: EncoderDecoderCache | None = None,
    ) -> Tensor:
        """[batch, positions, hidden_size] -> same; with ``memory`` [batch, source positions, hidden_size] in
        the decoder."""
        attended = self.self_attn(self.input_layernorm(x), turn, mask, cache)
        x = x + self._drop(self.self_attn_output_layernorm(attended))
        normed = self.post_attn_layernorm(x)
        if memory is not None:
            attended = self.inter_attn(normed, memory, memory_mask, cache)
            x = x + self._drop(self.inter_attn_output_layernorm(attended))
            normed = self.post_inter_attn_layernorm(x)
        return x + self._drop(self.mlp_output_layernorm(self.mlp(normed)))
