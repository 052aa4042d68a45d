"""Activation checkpointing (Chen et al. 2016): a layer keeps its input only, and computes the rest again in
the backward pass."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def checkpointed(block: nn.Module, recompute: bool, *inputs: Any) -> Tensor:
    """``block(*inputs)``, [batch, positions, d_model]; with ``recompute`` its activations are not kept.

    The random state is kept, so that dropout is the same in both computations, and with it every bit of the
    loss and the gradients.
    """
    if recompute and block.training:
        output: Tensor = checkpoint(block, *inputs, use_reentrant=False, preserve_rng_state=True)
    else:
        output = block(*inputs)
    return output
