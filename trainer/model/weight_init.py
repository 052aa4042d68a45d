"""Initial weights, any part of which can be drawn without the rest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from curriculum.keyed_hash import key
from manifests.schema.model import ModelSettings
from trainer.model.attention import CrossAttention, SelfAttention
from trainer.model.feedforward import FeedForward
from trainer.model.lora import LoraLinear

BLOCK = 1 << 18
"""Elements that one generator draws. A part of a tensor costs the blocks that it touches."""

Normal = tuple[float, float]
"""Mean and standard deviation; 0 for constants."""


class InitialWeights:
    """The weights that a seed stands for, each parameter's under its name: they depend neither on the number
    of processes nor on how they share the parameters. Moments are 0.

    Matrices are N(0, init_std); those that write into the residual stream N(0, init_std / sqrt(2 *
    encoder_layers)) in both stacks: the released model's .02 / sqrt(24) with its 12 encoder layers. Biases
    are 0, gains of norms 1. The gain of an output norm starts at ``init_std``, as large as the embeddings.
    Starting at 1 it would drown them, and undo the smaller initial output projections: after 290 steps of the
    demo the loss was then 6.01 instead of 5.83. Of LoRA's factors A is N(0, 1 / sqrt(in features)), B 0.
    """

    updates, averaged = 0, False

    def __init__(self, model: nn.Module, settings: ModelSettings, seed: int) -> None:
        self._seed = seed
        self._normals = dict(_normals(model, settings))

    def read(self, name: str, start: int, numel: int) -> Tensor:
        """Elements ``start .. start + numel - 1`` of a flattened parameter, or of a moment of one
        (``<moment>.<parameter>``): float32 [numel]."""
        mean, std = self._normals.get(name, (0.0, 0.0))
        if std == 0:
            return torch.full((numel,), mean)
        drawn = np.empty(numel, dtype=np.float32)
        for block in range(start // BLOCK, -(-(start + numel) // BLOCK)):
            first, last = max(start, block * BLOCK), min(start + numel, (block + 1) * BLOCK)
            generator = np.random.Generator(np.random.Philox(key=int(key(self._seed, name, block))))
            values = generator.standard_normal(last - block * BLOCK, dtype=np.float32)
            drawn[first - start : last - start] = values[first - block * BLOCK :]
        return torch.from_numpy(drawn).mul_(std).add_(mean)


def initialise(model: nn.Module, settings: ModelSettings, seed: int) -> None:
    """Gives all parameters their initial weights."""
    weights = InitialWeights(model, settings, seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights.read(name, 0, parameter.numel()).view_as(parameter))


def _normals(model: nn.Module, settings: ModelSettings) -> Iterator[tuple[str, Normal]]:
    """The distribution of each parameter that is not 0."""
    residual_std = settings.init_std / (2 * settings.encoder_layers) ** 0.5
    writers = (SelfAttention, CrossAttention, FeedForward)
    into_residual = {module.out for module in model.modules() if isinstance(module, writers)}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            yield f"{name}.weight", (0.0, residual_std if module in into_residual else settings.init_std)
            if isinstance(module, LoraLinear):
                yield f"{name}.lora_a", (0.0, module.in_features**-0.5)
        elif isinstance(module, nn.RMSNorm | nn.LayerNorm):
            yield f"{name}.weight", (settings.init_std if name.endswith("output_norm") else 1.0, 0.0)
