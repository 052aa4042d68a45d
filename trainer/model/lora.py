"""Low-rank adaptation (LoRA; Hu et al. 2021, arXiv 2106.09685): linear layers that stay as they are, with a
product of two small matrices trained beside each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from manifests.schema.lora import Lora
from trainer.model.bf16_linear import Linear, linear

FACTORS = (".lora_a", ".lora_b")
"""Ends of the names of what is trained."""

Read = Callable[[str, int, int], Tensor]
"""Elements ``start .. start + numel - 1`` of a flattened parameter by its name: float32 [numel]."""


class LoraLinear(Linear):
    """W x + bias + alpha / rank * B A x: ``lora_a`` is A [rank, in features], ``lora_b`` B [out features,
    rank]. With B = 0, as at the beginning, it is the layer that it adapts."""

    def __init__(self, adapted: Linear, lora: Lora) -> None:
        super().__init__(adapted.in_features, adapted.out_features, bias=False, device="meta")
        self.weight, self.bias = adapted.weight, adapted.bias
        self.scale = lora.alpha / lora.rank
        self.lora_a = nn.Parameter(self.weight.new_zeros(lora.rank, adapted.in_features))
        self.lora_b = nn.Parameter(self.weight.new_zeros(adapted.out_features, lora.rank))

    def forward(self, x: Tensor) -> Tensor:
        """[..., in features] -> [..., out features]."""
        return super().forward(x) + self.scale * linear(linear(x, self.lora_a), self.lora_b)


def add_lora(model: nn.Module, lora: Lora) -> None:
    """Adapts a model of shapes: what is not a factor is frozen."""
    for name, module in list(model.named_modules()):
        if isinstance(module, Linear) and _adapted(name, lora):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LoraLinear(module, lora))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.endswith(FACTORS))


def _adapted(name: str, lora: Lora) -> bool:
    return any(f".{target}.sublayer." in name for target in lora.targets)


class MergedWeights:
    """Plain weights: W + alpha / rank * B A for what is adapted, the base's for the rest.

    Args:
        base: reads the weights that were adapted.
        factors: reads A and B.
        shapes: of the plain model's parameters.
    """

    def __init__(self, base: Read, factors: Read, lora: Lora, shapes: Mapping[str, torch.Size]) -> None:
        self._base, self._factors, self._lora, self._shapes = base, factors, lora, shapes

    def read(self, name: str, start: int, numel: int) -> Tensor:
        """See Read. Only the rows that they are in are multiplied."""
        weight = self._base(name, start, numel)
        if not (name.endswith(".weight") and _adapted(name, self._lora)):
            return weight
        (_, width), rank = self._shapes[name], self._lora.rank
        first, last = start // width, -(-(start + numel) // width)
        layer = name.removesuffix(".weight")
        a = self._factors(f"{layer}.lora_a", 0, rank * width).view(rank, width)
        b = self._factors(f"{layer}.lora_b", first * rank, (last - first) * rank).view(-1, rank)
        added = (b @ a).mul_(self._lora.alpha / rank).flatten()[start - first * width :][:numel]
        return weight + added
