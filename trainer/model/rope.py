"""Rotary position embedding (Su et al. 2021) in the rotate-half form of the released model, on all dimensions
of a head."""

from __future__ import annotations

import torch
from torch import Tensor

Rotation = tuple[Tensor, Tensor]


def rotation(positions: Tensor, head_size: int, base: float, like: Tensor) -> Rotation:
    """Cosines and sines, each [positions, 1, head_size / 2], of ``positions`` (any integers, [positions]).

    Computed in float32 and only then given the type and device of ``like``: bfloat16 cannot tell position 257
    from 256. They are recomputed in every forward pass, once for all layers, so that the model holds no
    buffer that a cast could spoil.
    """
    frequencies = base ** -(
        torch.arange(0, head_size, 2, device=like.device, dtype=torch.float32) / head_size
    )
    places = positions.float().to(like.device, non_blocking=True)  # a GPU is not waited for
    angles = torch.outer(places, frequencies)[:, None, :]
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


@torch.no_grad()
def rotate(x: Tensor, rotation: Rotation, out: Tensor) -> Tensor:
    """Writes into ``out``, shaped like ``x``, and returns it: each pair (x[i], x[i + head_size / 2]) turned
    by its position's angle; x is [batch, positions, heads, head_size]. No gradient flows (see
    trainer.model.attention_heads)."""
    cos, sin = rotation
    first, second = x.chunk(2, dim=-1)
    turned_first, turned_second = out.chunk(2, dim=-1)
    torch.mul(first, cos, out=turned_first).addcmul_(second, sin, value=-1)
    torch.mul(second, cos, out=turned_second).addcmul_(first, sin)
    return out
