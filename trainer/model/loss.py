"""Cross-entropy over a large vocabulary, without ever holding the logits of more than a chunk of tokens."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from trainer.model.autograd import apply
from trainer.model.bf16_ways import widened

IGNORED = -100
CHUNK = 1024


def cross_entropy(
    hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, chunk: int = CHUNK
) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood of ``labels`` under softmax(hidden @ weight.T + bias).

    Args:
        hidden: [tokens, d_model].
        weight: [vocabulary, d_model]; with ``bias`` [vocabulary] the output layer.
        labels: int64 [tokens]; tokens labelled IGNORED (-100) cost nothing, neither in the loss nor in time.
        chunk: tokens whose logits (float32) are held at a time.

    Returns:
        The sum in nats (float32 scalar) and the number of tokens it is over (int64 scalar).
    """
    real = labels != IGNORED
    hidden, labels = hidden[real], labels[real]
    if widened(hidden):
        hidden, weight, bias = hidden.float(), weight.float(), bias.float()
    return apply(_ChunkedCrossEntropy, hidden, weight, bias, labels, chunk), real.sum()


class _ChunkedCrossEntropy(torch.autograd.Function):
    """Computes the gradients beside the loss, chunk by chunk, while the logits are there: nothing is computed
    twice, and what is kept for the backward pass is as large as the gradients. They are those of the sum; the
    backward pass only scales them."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, chunk: int) -> Tensor:
        training = any(ctx.needs_input_grad)
        total = torch.zeros((), device=hidden.device, dtype=torch.float32)
        if training:
            # float32 whatever the type of the model: thousands of chunks' bfloat16 gradients would not add
            # up.
            weight_grad, bias_grad = (
                torch.zeros_like(weight, dtype=torch.float32),
                torch.zeros_like(bias, dtype=torch.float32),
            )
            hidden_grad = torch.empty_like(hidden)
        for start in range(0, len(labels), chunk):
            rows = slice(start, start + chunk)
            log_p = F.linear(hidden[rows], weight, bias).float().log_softmax(-1)
            picked = labels[rows, None]
            total -= log_p.gather(1, picked).sum()
            if training:
                grad = log_p.exp_().scatter_add_(1, picked, torch.full_like(log_p[:, :1], -1.0))
                bias_grad += grad.sum(0)
                grad = grad.to(hidden.dtype)
                torch.mm(grad, weight, out=hidden_grad[rows])
                _add_product(weight_grad, grad.T, hidden[rows])
        if training:
            ctx.save_for_backward(hidden_grad, weight_grad.to(weight.dtype), bias_grad.to(bias.dtype))
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, scale: Tensor) -> tuple[Tensor | None, ...]:
        hidden_grad, weight_grad, bias_grad = ctx.saved_tensors
        return hidden_grad * scale, weight_grad * scale, bias_grad * scale, None, None


def _add_product(total: Tensor, a: Tensor, b: Tensor) -> None:
    """total += a @ b, in one pass where the types allow it."""
    if total.dtype == a.dtype:
        total.addmm_(a, b)
    else:
        total += a @ b
