"""Memory for a model of shapes: whole, or this process's part of it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from trainer.distributed import device


def zeroed(model: nn.Module) -> nn.Module:
    """A model of shapes, with memory for its values."""
    model.to_empty(device=device())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    return model


def partitioned(model: nn.Module, init: Any) -> nn.Module:
    """A model of shapes, with memory for this process's part of each parameter. While it lives, what
    DeepSpeed's linear layers keep for the backward pass is the parameter, which can be released in
    between.

    Args:
        init: DeepSpeed's ``zero.Init`` for the engine's configuration.
    """
    init._enable_mem_efficient_linear()
    for module in model.modules():
        module.to_empty(device=device(), recurse=False)  # no memory is used before it is written to
        for parameter in module.parameters(recurse=False):
            init._convert_to_deepspeed_param(parameter)
            parameter.partition()  # type: ignore[attr-defined]
            parameter.ds_tensor.zero_()  # type: ignore[attr-defined]
    return model
