"""Linear layers whose products of bfloat16 go either way (see trainer.model.bf16_ways)."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from trainer.model.autograd import apply
from trainer.model.bf16_ways import widened


class Linear(nn.Linear):
    """As torch's; what it keeps for the backward pass stays bfloat16 where the product is not."""

    def forward(self, x: Tensor) -> Tensor:
        """[..., in features] -> [..., out features]."""
        return linear(x, self.weight, self.bias)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """[..., in features] -> [..., out features]; ``weight`` is [out features, in features]."""
    if widened(x):
        product: Tensor = apply(_Widened, x, weight, bias)
        return product
    return F.linear(x, weight, bias)


class _Widened(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.biased = bias is not None
        return F.linear(x.float(), weight.float(), None if bias is None else bias.float()).to(x.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        wide = grad.flatten(0, -2).float()
        x_grad = (wide @ weight.float()).to(x.dtype).view_as(x)
        if not ctx.needs_input_grad[1]:
            return x_grad, None, None
        weight_grad = (wide.T @ x.flatten(0, -2).float()).to(weight.dtype)
        return x_grad, weight_grad, wide.sum(0).to(weight.dtype) if ctx.biased else None
