"""Products of bfloat16 matrices on processors that have no unit for them."""

from __future__ import annotations

import platform
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from trainer.model.autograd import apply


def widened(x: Tensor) -> bool:
    """Whether products of ``x`` should be made of float32 copies: it is bfloat16, on an x86 CPU without
    AMX.

    Measured on one with AVX512-BF16, one thread: 100 GFLOP/s in bfloat16, 160 in float32 with the copies
    made. The result is at least as
    exact: products of bfloat16 numbers are exact in float32, in which either way adds them up, and it is
    rounded once.
    """
    return x.dtype == torch.bfloat16 and x.device.type == "cpu" and not has_bfloat16_unit()


@cache
def has_bfloat16_unit() -> bool:
    """Whether bfloat16 is left to the CPU: it has AMX, or is of a kind that was not measured."""
    return platform.machine() not in ("x86_64", "AMD64") or torch.cpu._is_amx_tile_supported()


class Linear(nn.Linear):
    """As torch's; what it keeps for the backward pass stays bfloat16 where the product is not."""

    def forward(self, x: Tensor) -> Tensor:
        """[..., in features] -> [..., out features]."""
        if widened(x):
            product: Tensor = apply(_Widened, x, self.weight, self.bias)
            return product
        return F.linear(x, self.weight, self.bias)


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
        weight_grad = (wide.T @ x.flatten(0, -2).float()).to(weight.dtype)
        return x_grad, weight_grad, wide.sum(0).to(weight.dtype) if ctx.biased else None
