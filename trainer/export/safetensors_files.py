"""Safetensors of any size: one file, or several with an index, as transformers names them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from manifests.border.json_files import read_object
from manifests.border.regular_file import regular
from manifests.files import atomic_write, safe_join, write_json
from manifests.schema.base import ManifestError
from trainer.tensor_file import CHUNK, FORMAT_NAMES, Shape, write_tensors

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
LARGEST = 5_000_000_000
"""Bytes of weights in a file."""

DTYPES = {name: dtype for dtype, name in FORMAT_NAMES.items()} | {"F64": torch.float64}
"""What weights are read from, by the format's names."""


def write(
    folder: Path,
    shapes: Mapping[str, Shape],
    read: Callable[[str], Tensor],
    largest: int = LARGEST,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Writes float32 tensors into as many files as needed, holding one in memory at a time.

    Args:
        shapes: of each tensor, by name, in the order in which they are written.
        read: gives a tensor by its name.
        largest: bytes in a file; a single tensor may be larger.
        dtype: in which they are written.

    Raises:
        OverflowedError: see trainer.tensor_file.write_tensors. No file is left then.
    """
    parts: list[list[str]] = [[]]
    room = largest
    sizes = {name: dtype.itemsize * math.prod(shape) for name, shape in shapes.items()}
    for name, size in sizes.items():
        if size > room and parts[-1]:
            parts.append([])
            room = largest
        parts[-1].append(name)
        room -= size
    names = (
        [WHOLE]
        if len(parts) == 1
        else [f"model-{index + 1:05d}-of-{len(parts):05d}.safetensors" for index in range(len(parts))]
    )
    with _removed_on_failure(folder, names):
        for file, part in zip(names, parts, strict=True):
            with atomic_write(folder / file) as temporary:
                kept = {name: shapes[name] for name in part}
                write_tensors(temporary, kept, read, {"format": "pt"}, dtype)
    if len(parts) > 1:
        index = {name: file for file, part in zip(names, parts, strict=True) for name in part}
        write_json(folder / INDEX, {"metadata": {"total_size": sum(sizes.values())}, "weight_map": index})


@contextmanager
def _removed_on_failure(folder: Path, names: Sequence[str]) -> Iterator[None]:
    """Only a part of the weights is of no use, and a folder that holds something is not written into."""
    try:
        yield
    except BaseException:
        for name in names:
            (folder / name).unlink(missing_ok=True)
        raise


class Tensors:
    """The tensors of a folder, read by rows. No file is open for longer than a part of a tensor takes:
    what was read of a mapped file stays in memory as long.

    Raises:
        ManifestError: there are no safetensors, one of them is damaged or missing, or the index is not that
            of these files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, Path] = {}
        self._kinds: dict[str, tuple[tuple[int, ...], str]] = {}
        for file in weight_files(folder):
            with _opened(file) as opened:
                for name in opened.keys():  # noqa: SIM118 - it is no dictionary
                    part = opened.get_slice(name)
                    self._files[name] = file
                    self._kinds[name] = tuple(part.get_shape()), part.get_dtype()
        self._check_index()

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape."""
        return self._kinds[name][0]

    def dtype(self, name: str) -> torch.dtype:
        """A tensor's type.

        Raises:
            ManifestError: its numbers are no floating-point ones of 16 bits or more.
        """
        kind = self._kinds[name][1]
        if kind not in DTYPES:
            known = ", ".join(DTYPES)
            raise ManifestError(f"{self.folder}: {name} holds {kind}, none of {known}; convert it to one")
        return DTYPES[kind]

    def rows(self, name: str, start: int, end: int) -> Tensor:
        """A tensor's rows ``start .. end - 1`` as float32, without reading the others."""
        shape = self.shape(name)
        values = torch.empty((end - start, *shape[1:]))
        size = max(1, CHUNK // max(1, math.prod(shape[1:])))
        for first in range(start, end, size):
            last = min(first + size, end)
            with _opened(self._files[name]) as opened:
                values[first - start : last - start] = opened.get_slice(name)[first:last]
        return values

    def _check_index(self) -> None:
        index = self.folder / INDEX
        if index.exists() and not (self.folder / WHOLE).exists():
            lost = sorted(set(_weight_map(index)) - set(self._files))
            if lost:
                raise ManifestError(
                    f"{index}: names {len(lost)} tensors that no file holds, such as {lost[0]}; copy the "
                    "folder again"
                )


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    try:
        with safe_open(regular(file), framework="pt") as opened:
            yield opened
    except (SafetensorError, OSError) as error:
        raise ManifestError(f"{file}: not readable as safetensors: {error}; copy the folder again") from None


def weight_files(folder: Path) -> list[Path]:
    """A folder's safetensors.

    Raises:
        ManifestError: there are none, or one of them is missing.
    """
    if (folder / WHOLE).exists():
        return [folder / WHOLE]
    index = folder / INDEX
    if not index.exists():
        pickled = sorted(path.name for path in folder.glob("*.bin"))
        hint = (
            f"; {pickled[0]} is a pickle, which could run code: convert it to safetensors first"
            if pickled
            else ""
        )
        raise ManifestError(f"{folder}: holds neither {WHOLE} nor {INDEX}{hint}")
    try:
        files = [safe_join(folder, name) for name in sorted(set(_weight_map(index).values()))]
    except ValueError as error:
        raise ManifestError(f"{index}: {error}") from None
    missing = [file for file in files if not file.exists()]
    if missing:
        raise ManifestError(f"{missing[0]}: named in {INDEX}, but not there; copy the folder again")
    return files


def _weight_map(index: Path) -> dict[str, str]:
    try:
        weight_map: dict[str, str] = read_object(index)["weight_map"]
        if not all(isinstance(item, str) for pair in weight_map.items() for item in pair):
            raise TypeError("names must be strings")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(f"{index}: not an index of safetensors: {error!r}") from None
    return weight_map
