"""Normalisation: RMSNorm (the paper's sandwich) or LayerNorm with bias (the released weights)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from manifests.schema.model import ModelSettings
from trainer.model.autograd import apply

EPSILON = 1e-5


class RMSNorm(nn.RMSNorm):
    """x / sqrt(mean(x ** 2) + eps) * weight over the last axis (Zhang and Sennrich 2019), in float32 at
    least.

    As torch's, which on a CPU goes through memory twice as often in the backward pass.
    """

    def forward(self, x: Tensor) -> Tensor:
        """[..., d_model] -> same."""
        if x.device.type != "cpu":
            return super().forward(x)
        normed: Tensor = apply(_RMSNorm, x, self.weight, self.eps)
        return normed


class _RMSNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        wide = _wide(x)
        inverse = (
            torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
            .square_()
            .div_(x.shape[-1])
            .add_(eps)
            .rsqrt_()
        )
        ctx.save_for_backward(x, weight, inverse)
        normed: Tensor = (wide * inverse).mul_(weight).to(x.dtype)
        return normed

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weight, inverse = ctx.saved_tensors
        x_wide, grad_wide, gains = (_wide(one).reshape(-1, x.shape[-1]) for one in (x, grad, weight))
        scale = inverse.view(-1, 1)
        products = grad_wide * x_wide
        # The length of a row does not change: what the gradient has in its direction is taken off.
        along = (products @ gains.view(-1, 1)).mul_(scale.pow(3)).div_(x.shape[-1])
        weight_grad = scale.view(1, -1) @ products
        x_grad = (grad_wide * gains).mul_(scale).addcmul_(x_wide, along, value=-1)
        return x_grad.view_as(x).to(x.dtype), weight_grad.view(-1).to(weight.dtype), None


def _wide(x: Tensor) -> Tensor:
    return x.float() if x.dtype == torch.bfloat16 else x


def make_norm(settings: ModelSettings) -> RMSNorm | nn.LayerNorm:
    """The norm over the last axis, [batch, positions, d_model] -> same: RMSNorm or LayerNorm."""
    if settings.norm == "sandwich":
        return RMSNorm(settings.d_model, eps=EPSILON)
    return nn.LayerNorm(settings.d_model, eps=EPSILON)


def make_output_norm(settings: ModelSettings) -> nn.Module:
    """The second slice of the sandwich (Ding et al. 2021, CogView, section 2.4), or nothing in a pre-norm
    model."""
    return nn.Identity() if settings.norm == "pre" else make_norm(settings)
