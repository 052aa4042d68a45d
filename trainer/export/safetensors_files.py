"""Safetensors of any size: one file, or several with an index, as transformers names them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from manifests.files import atomic_write, safe_join, write_json
from manifests.schema.base import ManifestError
from trainer.tensor_file import Shape, write_tensors

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
LARGEST = 5_000_000_000
"""Bytes of weights in a file."""


def write(
    folder: Path, shapes: Mapping[str, Shape], read: Callable[[str], Tensor], largest: int = LARGEST
) -> None:
    """Writes float32 tensors into as many files as needed, holding one tensor in memory at a time.

    Args:
        shapes: of each tensor, by name, in the order in which they are written.
        read: gives a tensor by its name.
        largest: bytes in a file; a single tensor may be larger.
    """
    parts: list[list[str]] = [[]]
    room = largest
    sizes = {name: 4 * math.prod(shape) for name, shape in shapes.items()}
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
    for file, part in zip(names, parts, strict=True):
        with atomic_write(folder / file) as temporary:
            write_tensors(temporary, {name: shapes[name] for name in part}, read, {"format": "pt"})
    if len(parts) > 1:
        index = {name: file for file, part in zip(names, parts, strict=True) for name in part}
        write_json(folder / INDEX, {"metadata": {"total_size": sum(sizes.values())}, "weight_map": index})


class Tensors:
    """The tensors of a folder, read one by one. To be used in a ``with`` statement.

    Raises:
        ManifestError: there are no safetensors, one of them is damaged or missing, or the index is not that
            of these files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self._files: dict[str, Any] = {}

    def __enter__(self) -> Tensors:
        for file in _files(self.folder):
            try:
                opened = self._stack.enter_context(safe_open(file, framework="pt"))
            except (SafetensorError, OSError) as error:
                self._stack.close()
                raise ManifestError(
                    f"{file}: not readable as safetensors: {error}; copy the folder again"
                ) from None
            self._files |= dict.fromkeys(opened.keys(), opened)
        self._check_index()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __getitem__(self, name: str) -> Tensor:
        tensor: Tensor = self._files[name].get_tensor(name)
        return tensor

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape, without reading it."""
        return tuple(self._files[name].get_slice(name).get_shape())

    def _check_index(self) -> None:
        index = self.folder / INDEX
        if index.exists() and not (self.folder / WHOLE).exists():
            lost = sorted(set(_weight_map(index)) - set(self._files))
            if lost:
                raise ManifestError(
                    f"{index}: names {len(lost)} tensors that no file holds, such as {lost[0]}; copy the "
                    "folder again"
                )


def _files(folder: Path) -> list[Path]:
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
        weight_map: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        if not all(isinstance(item, str) for pair in weight_map.items() for item in pair):
            raise TypeError("names must be strings")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(f"{index}: not an index of safetensors: {error!r}") from None
    return weight_map
