"""The feed-forward layer: SwiGLU (Shazeer 2020), without biases."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from manifests.schema.model import ModelSettings
from trainer.model.autograd import apply
from trainer.model.bf16_linear import Linear


class FeedForward(nn.Module):
    """silu(gate) * up, projected back. One product makes both; the rows of ``gate_up`` are all gates, then
    all ups."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        self.gate_up = Linear(settings.d_model, 2 * settings.ffn_hidden, bias=False)
        self.out = Linear(settings.ffn_hidden, settings.d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, positions, d_model] -> same."""
        output: Tensor = self.out(apply(_SwiGLU, self.gate_up(x)))
        return output


class _SwiGLU(torch.autograd.Function):
    """[..., gate and up] -> silu(gate) * up. Keeps only its input; the backward pass writes both gradients
    where the product wants them."""

    @staticmethod
    def forward(ctx: Any, gate_up: Tensor) -> Tensor:
        ctx.save_for_backward(gate_up)
        gate, up = gate_up.chunk(2, dim=-1)
        return F.silu(gate).mul_(up)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (gate_up,) = ctx.saved_tensors
        gate, up = gate_up.chunk(2, dim=-1)
        both = torch.empty_like(gate_up)
        gate_grad, up_grad = both.chunk(2, dim=-1)
        torch.mul(grad, F.silu(gate), out=up_grad)
        torch.ops.aten.silu_backward.grad_input(grad * up, gate, grad_input=gate_grad)
        return both
