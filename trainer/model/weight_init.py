"""Initial weights."""

from __future__ import annotations

from torch import nn

from manifests.schema.model import ModelSettings
from trainer.model.attention import CrossAttention, SelfAttention
from trainer.model.feedforward import FeedForward


def initialise(model: nn.Module, settings: ModelSettings) -> None:
    """Draws all weights from torch's random generator, in the order of ``model.modules()``; biases are 0;
    norms keep their first gains.

    Matrices are N(0, init_std); those that write into the residual stream N(0, init_std / sqrt(2 *
    encoder_layers)) in both stacks: the released model's .02 / sqrt(24) with its 12 encoder layers.
    """
    residual_std = settings.init_std / (2 * settings.encoder_layers) ** 0.5
    writers = (SelfAttention, CrossAttention, FeedForward)
    into_residual = {module.out for module in model.modules() if isinstance(module, writers)}
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=residual_std if module in into_residual else settings.init_std)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
