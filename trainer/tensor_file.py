"""Files of float32 tensors in the safetensors format, written and read without holding more than a part of
one. What other software has written is read by the library of that name."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

CHUNK = 1 << 22
"""Elements that are copied at a time."""

Shape = Sequence[int]


def write_tensors(
    path: Path,
    shapes: Mapping[str, Shape],
    read: Callable[[str], Tensor],
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Writes float32 tensors in the order of ``shapes``, each asked for when it is its turn. The SHA-256 of
    the file, as 64 hexadecimal digits.

    Raises:
        OSError: it cannot be written.
    """
    places, end = {}, 0
    for name, shape in shapes.items():
        start, end = end, end + 4 * math.prod(shape)
        places[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(({"__metadata__": dict(metadata)} if metadata else {}) | places).encode()
    header = text + b" " * (-len(text) % 8)  # so that numbers lie at multiples of their size
    hashed = hashlib.sha256()
    with path.open("wb") as file:
        for part in (len(header).to_bytes(8, "little"), header):
            hashed.update(part)
            file.write(part)
        for name, shape in shapes.items():
            values = read(name)
            assert values.dtype == torch.float32
            assert list(values.shape) == list(shape)
            flat = values.reshape(-1)
            for start in range(0, len(flat), CHUNK):
                data = flat[start : start + CHUNK].contiguous().numpy().tobytes()
                hashed.update(data)
                file.write(data)
    return hashed.hexdigest()


class TensorFile:
    """A file of float32 tensors, of which parts are read; ``numels`` are their sizes by name, ``metadata`` is
    what was written beside them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
        self.metadata: dict[str, str] = header.pop("__metadata__", {})
        self._starts = {name: 8 + length + place["data_offsets"][0] for name, place in header.items()}
        self.numels = {name: math.prod(place["shape"]) for name, place in header.items()}

    def read(self, name: str, start: int, numel: int) -> Tensor:
        """Elements ``start .. start + numel - 1`` of a flattened tensor: float32 [numel]."""
        at = self._starts[name] + 4 * start
        return torch.from_numpy(np.fromfile(self._path, dtype="<f4", count=numel, offset=at))
