"""The files of a checkpoint: each process's slices of weights, moments and averages, read by whatever parts
another number of processes needs."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import torch
from pydantic import NonNegativeInt, TypeAdapter, ValidationError
from torch import Tensor

from manifests.border.unsound_file import UnsoundFileError
from trainer.checkpoint.error import CheckpointError
from trainer.engine_state import AVERAGE, MOMENTS
from trainer.tensor_file import TensorFile, write_tensors

KINDS = ("weights", "optimizer")
SLICES = "slices"
"""Key of a file's metadata: ``{name: [start, length]}`` as JSON, in elements of the flattened tensors."""
# Before slices there was one file of each kind, of whole tensors.
_NAME = re.compile(rf"({'|'.join((*KINDS, AVERAGE))})(-\d{{5,}}-of-\d{{5,}})?\.safetensors")


_SLICES: TypeAdapter[dict[str, tuple[NonNegativeInt, NonNegativeInt]]] = TypeAdapter(
    dict[str, tuple[NonNegativeInt, NonNegativeInt]]
)


class StateSlice(Protocol):
    """Elements ``start .. start + numel - 1`` of a flattened tensor, by its name as in TensorSlice."""

    @property
    def name(self) -> str:
        """That of the tensor."""

    @property
    def start(self) -> int:
        """The first element."""

    @property
    def numel(self) -> int:
        """How many they are."""

    def read(self) -> Tensor:
        """The elements: float32 [numel]. Called once, when they are written."""


class SavedState(Protocol):
    """What a process saves: slices, which need not be in memory together."""

    @property
    def weights(self) -> Sequence[StateSlice]:
        """Of parameters."""

    @property
    def moments(self) -> Sequence[StateSlice]:
        """Of the optimizer's moments."""

    @property
    def averages(self) -> Sequence[StateSlice]:
        """Of the weights' averages; empty where none are kept."""

    @property
    def bytes(self) -> int:
        """Size of all slices."""


def file_name(kind: str, rank: int, ranks: int) -> str:
    """The file with a process's slices of a kind (see KINDS), or of the averages."""
    return f"{kind}-{rank:05d}-of-{ranks:05d}.safetensors"


def is_file_name(name: str) -> bool:
    """Whether a checkpoint may have a file of this name."""
    return _NAME.fullmatch(name) is not None


def write_slices(folder: Path, state: SavedState, rank: int, ranks: int) -> dict[str, str]:
    """Writes a process's files; their SHA-256 by name.

    Raises:
        OSError: they cannot be written.
    """
    slices = dict(zip(KINDS, (state.weights, state.moments), strict=True))
    if state.averages:
        slices[AVERAGE] = state.averages
    files = {file_name(kind, rank, ranks): held for kind, held in slices.items()}
    return {name: _write(folder / name, held) for name, held in files.items()}


def _write(path: Path, slices: Sequence[StateSlice]) -> str:
    by_name = {piece.name: piece for piece in slices}
    places = {piece.name: [piece.start, piece.numel] for piece in slices}
    shapes = {piece.name: [piece.numel] for piece in slices}
    return write_tensors(path, shapes, lambda name: by_name[name].read(), {SLICES: json.dumps(places)})


class SliceReader:
    """The state that a checkpoint's files hold together. Only what is asked for is read. ``updates`` made
    before; ``averaged``: averages of the weights are there.

    Raises:
        UnsoundFileError: a file is damaged, or two hold the same elements: others could be missing unseen.
    """

    def __init__(self, folder: Path, names: Iterable[str], updates: int) -> None:
        self._folder, self.updates = folder, updates
        self._slices: dict[str, list[tuple[int, int, TensorFile]]] = defaultdict(list)
        for name in names:
            file = TensorFile(folder / name)
            places = _slices(folder / name, file)
            for tensor, numel in file.numels.items():
                start, _ = places.get(tensor, (0, numel))
                self._slices[tensor].append((start, start + numel, file))
        for tensor, slices in self._slices.items():
            slices.sort(key=lambda held: held[:2])
            for (_, end, _), (start, _, _) in pairwise(slices):
                if start < end:
                    what = f"holds elements of {tensor} that another of its files holds, too"
                    raise UnsoundFileError(what, where=folder)
        self.averaged = any(name.startswith(f"{AVERAGE}.") for name in self._slices)

    def read(self, name: str, start: int, numel: int) -> Tensor:
        """Elements ``start .. start + numel - 1`` of a flattened weight or moment: float32 [numel].

        Raises:
            CheckpointError: the files do not hold them.
        """
        values, found = torch.empty(numel), 0
        for first, end, file in self._slices.get(name, ()):
            low, high = max(start, first), min(start + numel, end)
            if low < high:
                file.read_into(values[low - start : high - start], name, low - first)
                found += high - low
        if found != numel:
            raise CheckpointError(
                f"holds {found:,} of the elements {start:,} to {start + numel:,} of {name}",
                where=self._folder,
                fix="restore another checkpoint",
            )
        return values


def _slices(path: Path, file: TensorFile) -> dict[str, tuple[int, int]]:
    """Start and length of each slice, by the tensor's name."""
    try:
        places = _SLICES.validate_json(file.metadata.get(SLICES, "{}"))
    except ValidationError as error:
        what = f"tells no slices: {error.errors()[0]['msg']}"
        raise UnsoundFileError(what, where=path) from None
    return places


class AveragedWeights:
    """A checkpoint's state with the averages in place of the weights."""

    averaged = True

    def __init__(self, state: SliceReader) -> None:
        self._state, self.updates = state, state.updates

    def read(self, name: str, start: int, numel: int) -> Tensor:
        """As SliceReader's."""
        kind, _, _ = name.partition(".")
        return self._state.read(name if kind in (*MOMENTS, AVERAGE) else f"{AVERAGE}.{name}", start, numel)
