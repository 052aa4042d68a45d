"""The feed-forward layer: SwiGLU (Shazeer 2020), without biases."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from manifests.schema.curriculum import ModelSettings


class FeedForward(nn.Module):
    """silu(gate) * up, projected back. One product makes both; the rows of ``gate_up`` are all gates, then all ups."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        self.gate_up = nn.Linear(settings.d_model, 2 * settings.ffn_hidden, bias=False)
        self.out = nn.Linear(settings.ffn_hidden, settings.d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, positions, d_model] -> same."""
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        return self.out(F.silu(gate) * up)
