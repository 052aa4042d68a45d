"""The smallest model that an engine trains, and micro batches of real text for it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from tests.trainer.tiny import ENGLISH
from trainer.data.batch import Batch, make_batch


class NextByte(nn.Module):
    """Says which byte follows each byte, with as few operations as a language model can have."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.norm = nn.Embedding(256, width), nn.LayerNorm(width)
        self.output = nn.Linear(width, 256, bias=False)

    def forward(self, *, decoder: Tensor, labels: Tensor, **_: object) -> tuple[Tensor, int, Tensor]:
        logits = self.output(self.norm(self.embedding(decoder)))
        nats = cross_entropy(logits.float().flatten(0, 1), labels.flatten(), reduction="sum")
        return nats, labels.numel(), torch.stack([nats.detach(), torch.zeros(())])


def micro_batches(count: int, length: int) -> list[Batch]:
    """Micro batches of one row of one text, whose gradients point in much the same direction."""
    text = np.frombuffer("".join(ENGLISH).encode()[: count * length], np.uint8).astype(np.int64)
    rows = text.reshape(count, 1, length)
    return [make_batch(np.zeros((1, 1), np.int64), row, pad=0) for row in rows]
