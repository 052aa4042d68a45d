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
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor,
    labels: Tensor,
    chunk: int = CHUNK,
    z_loss: float = 0.0,
    places: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Negative log-likelihood of ``labels`` under softmax(hidden @ weight.T + bias), and the z-loss of
    Chowdhery et al. 2022 (PaLM, section 5): ``z_loss`` times the squared logarithm of the softmax's
    normaliser, which keeps that near 1.

    Args:
        hidden: [tokens, d_model].
        weight: [vocabulary, d_model]; with ``bias`` [vocabulary] the output layer.
        labels: int64 [tokens]; tokens labelled IGNORED (-100) cost nothing, neither in the loss nor in time.
        chunk: tokens whose logits (float32) are held at a time.
        z_loss: the coefficient; 0 costs nothing.
        places: int64 [labels that are not IGNORED], where they are, ascending. Without them they are looked
            for, and a GPU is waited for.

    Returns:
        The sum of both in nats (float32 scalar), the number of tokens it is over (int64 scalar), and its two
        parts, cross-entropy and z-loss (float32 [2], without gradients). Of float64 arguments sums are
        float64.
    """
    places = (labels != IGNORED).nonzero().flatten() if places is None else places
    if len(places) < len(labels):
        hidden, labels = hidden[places], labels[places]
    if widened(hidden):
        hidden, weight, bias = hidden.float(), weight.float(), bias.float()
    total, parts = apply(_ChunkedCrossEntropy, hidden, weight, bias, labels, chunk, z_loss)
    return total, torch.full((), len(places), device=labels.device), parts


class _ChunkedCrossEntropy(torch.autograd.Function):
    """Computes the gradients beside the loss, chunk by chunk, while the logits are there: nothing is computed
    twice, and what is kept for the backward pass is as large as the gradients. They are those of the sum; the
    backward pass only scales them."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, chunk: int, z_loss: float
    ) -> tuple[Tensor, Tensor]:
        training, trained = any(ctx.needs_input_grad), ctx.needs_input_grad[1]
        wide = _at_least_float32(hidden.dtype)
        sums = torch.zeros(2, device=hidden.device, dtype=wide)
        if training:
            # float32 whatever the type of the model: thousands of chunks' bfloat16 gradients would not add
            # up.
            weight_grad, bias_grad = (
                torch.zeros_like(one if trained else one[:0], dtype=wide) for one in (weight, bias)
            )
            hidden_grad = torch.empty_like(hidden)
        for start in range(0, len(labels), chunk):
            rows = slice(start, start + chunk)
            logits = F.linear(hidden[rows], weight, bias).to(wide)
            grad = _add_losses(sums, logits, labels[rows, None], z_loss, training=training)
            del logits
            if grad is not None:
                if trained:
                    bias_grad += grad.sum(0)
                grad = grad.to(hidden.dtype)
                torch.mm(grad, weight, out=hidden_grad[rows])
                if trained:
                    _add_product(weight_grad, grad.T, hidden[rows])
        if training:
            ctx.save_for_backward(hidden_grad, weight_grad.to(weight.dtype), bias_grad.to(bias.dtype))
        ctx.mark_non_differentiable(sums)
        return sums.sum(), sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, scale: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        hidden_grad, weight_grad, bias_grad = ctx.saved_tensors
        if not ctx.needs_input_grad[1]:
            return hidden_grad * scale, None, None, None, None, None
        return hidden_grad * scale, weight_grad * scale, bias_grad * scale, None, None, None


def _add_losses(
    sums: Tensor, logits: Tensor, labels: Tensor, z_loss: float, *, training: bool
) -> Tensor | None:
    """Adds cross-entropy and z-loss of some tokens to the two sums; in ``training`` their gradient by the
    logits, [tokens, vocabulary] like these. ``labels`` is [tokens, 1]."""
    log_p = logits.log_softmax(-1)
    log_likelihood = log_p.gather(1, labels)
    sums[0].sub_(log_likelihood.sum())
    log_normaliser = logits.gather(1, labels) - log_likelihood if z_loss else None  # any column would do
    if log_normaliser is not None:
        sums[1].add_(log_normaliser.square().sum(), alpha=z_loss)
    if not training:
        return None
    grad = log_p.exp_()
    if log_normaliser is not None:
        grad *= 1 + 2 * z_loss * log_normaliser
    return grad.scatter_add_(1, labels, torch.full_like(log_likelihood, -1.0))


def _at_least_float32(dtype: torch.dtype) -> torch.dtype:
    return torch.promote_types(dtype, torch.float32)


def _add_product(total: Tensor, a: Tensor, b: Tensor) -> None:
    """total += a @ b, in one pass where the types allow it."""
    if total.dtype == a.dtype:
        total.addmm_(a, b)
    else:
        total += a @ b
