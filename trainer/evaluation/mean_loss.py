"""The mean loss of forward passes of all processes, by a model in training or by one that is only read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from trainer.data.batch import on_device
from trainer.distributed import add_over_ranks, device
from trainer.forward_pass import ForwardPass
from trainer.model.transformer import EncoderDecoder


class Measurable(Protocol):
    """A model whose loss can be measured."""

    def evaluate(self, work: Sequence[ForwardPass]) -> float:
        """Mean loss in nats per target token over all forward passes of all processes, without dropout."""


class LoadedModel:
    """A model without gradients or an optimizer. Every process has the whole of it."""

    def __init__(self, model: EncoderDecoder) -> None:
        self._model = model.eval()

    def evaluate(self, work: Sequence[ForwardPass]) -> float:
        """See Measurable."""
        return mean_loss(work, lambda one: self._model(**on_device(one.inputs, device()))[0])


@torch.no_grad()
def mean_loss(work: Sequence[ForwardPass], forward: Callable[[ForwardPass], Tensor]) -> float:
    """See Measurable; ``forward`` gives the sum of a pass's losses."""
    (target_tokens,) = add_over_ranks([sum(one.target_tokens for one in work if not one.idle)])
    losses = [forward(one) for one in work]
    counted = (float(loss) for loss, one in zip(losses, work, strict=True) if not one.idle)
    (loss_sum,) = add_over_ranks([sum(counted)])
    return loss_sum / target_tokens
