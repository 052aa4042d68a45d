"""What an optimizer step changes, as each process holds it: slices of flattened tensors. Where they lie is
DeepSpeed's affair, and known here alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

MOMENTS = ("exp_avg", "exp_avg_sq")
AVERAGE = "average"


@dataclass(frozen=True)
class TensorSlice:
    """Elements ``start .. start + len(values) - 1`` of a flattened tensor, float32: a weight by its
    parameter's name, a moment by ``<moment>.<parameter>``, or its average by ``average.<parameter>``."""

    name: str
    start: int
    values: Tensor

    @property
    def numel(self) -> int:
        """How many elements they are."""
        return len(self.values)

    def read(self) -> Tensor:
        """The elements: float32 [numel]."""
        return self.values

    def part(self, rank: int, ranks: int) -> TensorSlice:
        """Its share of so many that are equal, but for a rest."""
        size = -(-len(self.values) // ranks)
        return TensorSlice(self.name, self.start + rank * size, self.values[rank * size : (rank + 1) * size])

    def copy(self) -> TensorSlice:
        """The same in memory of its own, on the CPU."""
        return TensorSlice(self.name, self.start, self.values.detach().to("cpu", torch.float32, copy=True))


@dataclass(frozen=True)
class EngineState:
    """The slices of a process. Those of all processes together are the whole state, each element once,
    whatever their number, the ZeRO stage and the precision. ``updates`` made so far; ``averages`` where they
    are kept (see trainer.weight_average)."""

    weights: list[TensorSlice]
    moments: list[TensorSlice]
    updates: int
    averages: list[TensorSlice] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Size of all slices."""
        return sum(piece.values.nbytes for piece in (*self.weights, *self.moments, *self.averages))


class StateSource(Protocol):
    """Where an engine takes its state from: a checkpoint, or a seed. ``updates`` made before; ``averaged``:
    it holds averages of the weights."""

    @property
    def updates(self) -> int:
        """Updates that were made before."""

    @property
    def averaged(self) -> bool:
        """Whether ``average.<parameter>`` can be read."""

    def read(self, name: str, start: int, numel: int) -> Tensor:
        """Elements ``start .. start + numel - 1`` of a flattened tensor by its name in a slice: float32
        [numel] on the CPU."""


def held_slices(
    optimizer: Any, names: Mapping[nn.Parameter, str], zero: int
) -> tuple[list[TensorSlice], list[TensorSlice]]:
    """Weights and moments of this process, as views into what DeepSpeed's optimizer updates.

    Without ZeRO (stage 0) that is everything; stages 1 and 2 cut all parameters laid end to end into as many
    parts as there are processes, stage 3 each parameter.
    """
    slices = {0: _whole, 1: _of_flat_groups, 2: _of_flat_groups, 3: _of_each_parameter}[zero]
    weights, moments = [], []
    for name, start, tensors in slices(optimizer, names):
        for kind, values in tensors.items():
            if kind == "":
                weights.append(TensorSlice(name, start, values.detach()))
            else:
                moments.append(TensorSlice(f"{kind}.{name}", start, values.detach()))
    return weights, moments


_Slices = Iterator[tuple[str, int, dict[str, Tensor]]]


def _whole(optimizer: Any, names: Mapping[nn.Parameter, str]) -> _Slices:
    for parameter, name in names.items():
        state = optimizer.state[parameter]
        moments = {moment: state[moment].view(-1) for moment in MOMENTS}
        yield name, 0, {"": parameter.detach().view(-1), **moments}


def _of_flat_groups(_: Any, names: Mapping[nn.Parameter, str]) -> _Slices:
    for parameter, name in names.items():
        mapping = parameter._hp_mapping  # type: ignore[attr-defined]
        if mapping is not None:
            moments = {moment: mapping.get_hp_fragment(moment) for moment in MOMENTS}
            yield name, mapping.lp_fragment_address.start, {"": mapping.get_hp_fragment(), **moments}


def _of_each_parameter(optimizer: Any, names: Mapping[nn.Parameter, str]) -> _Slices:
    for parameter, name in names.items():
        group, offset, size = optimizer.grad_position[optimizer.get_param_id(parameter)]
        start = size * parameter.ds_zero_partition_rank  # type: ignore[attr-defined]
        real = min(size, parameter.ds_numel - start)  # type: ignore[attr-defined]
        if real > 0:  # the last parts may be filled up, or be nothing else
            flat = optimizer.fp32_partitioned_groups_flat[group]
            state = optimizer.optimizer.state[flat]
            tensors = {"": flat, **{moment: state[moment] for moment in MOMENTS}}
            yield name, start, {kind: tensor.narrow(0, offset, real) for kind, tensor in tensors.items()}
