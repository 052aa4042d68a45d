"""From a projection to the heads' queries, keys and values, and their gradients back in one piece."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from trainer.model.autograd import apply
from trainer.model.rope import Rotation, rotate


def split_heads(
    projected: Tensor, parts: int, head_size: int, turn: Rotation | None = None
) -> tuple[Tensor, ...]:
    """[batch, positions, parts * heads * head_size] -> ``parts`` tensors [batch, heads, positions,
    head_size]. With ``turn`` the first two of three, queries and keys, are rotated.

    The backward pass writes each gradient to its place in the projection's, where torch's own would copy them
    together three times.
    """
    heads = torch.unflatten(projected, -1, (-1, head_size))
    split: tuple[Tensor, ...] = apply(_SplitHeads, heads, parts, *(turn or (None, None)))
    return split


class _SplitHeads(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, projected: Tensor, parts: int, cos: Tensor | None, sin: Tensor | None
    ) -> tuple[Tensor, ...]:
        ctx.save_for_backward(cos, sin)
        if cos is None or sin is None:
            return tuple(part.transpose(1, 2) for part in projected.chunk(parts, dim=2))
        turned, values = projected.tensor_split((2 * projected.shape[2] // parts,), dim=2)
        queries, keys = rotate(
            turned, (cos, sin), torch.empty(turned.shape, dtype=turned.dtype, device=turned.device)
        ).chunk(2, dim=2)
        return queries.transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        cos, sin = ctx.saved_tensors
        batch, heads, positions, head_size = grads[0].shape
        grad = grads[0].new_empty(batch, positions, len(grads) * heads, head_size)
        for index, (place, part) in enumerate(zip(grad.chunk(len(grads), dim=2), grads, strict=True)):
            if cos is not None and index < 2:
                rotate(part.transpose(1, 2), (cos, -sin), place)
            else:
                place.copy_(part.transpose(1, 2))
        return grad, None, None, None
