"""Files of tensors in the safetensors format, written and read without holding more than a part of one. What
other software has written is read by the library of that name."""

from __future__ import annotations

import errno
import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor

from manifests.border.tensor_files import read_header
from manifests.errors import UserError
from trainer.dtypes import dtype_name

CHUNK = 1 << 22
"""Elements that are copied at a time."""

Shape = Sequence[int]

FORMAT_NAMES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}
"""What can be written, by the format's names."""


class OverflowedError(UserError):
    """A weight that is beyond the largest number of the type in which it was to be written."""


def write_tensors(
    path: Path,
    shapes: Mapping[str, Shape],
    read: Callable[[str], Tensor],
    metadata: Mapping[str, str] | None = None,
    dtype: torch.dtype = torch.float32,
) -> str:
    """Writes float32 tensors in the order of ``shapes``, each asked for when it is its turn. The SHA-256 of
    the file, as 64 hexadecimal digits.

    Args:
        dtype: in which they are written (see FORMAT_NAMES), rounded to the nearest number, ties to even.

    Raises:
        OSError: it cannot be written.
        OverflowedError: a finite number would become infinite.
    """
    hashed = hashlib.sha256()
    with path.open("wb") as file:
        parts = (_parts(name, shape, read, dtype) for name, shape in shapes.items())
        for part in chain(_header(shapes, metadata, dtype), chain.from_iterable(parts)):
            hashed.update(part)
            file.write(part)
    return hashed.hexdigest()


def _parts(name: str, shape: Shape, read: Callable[[str], Tensor], dtype: torch.dtype) -> Iterator[bytes]:
    """A tensor's numbers; it is let go of before the next one is asked for."""
    values = read(name)
    assert values.dtype == torch.float32
    assert list(values.shape) == list(shape)
    flat = values.reshape(-1)
    for start in range(0, len(flat), CHUNK):
        rounded = _rounded(name, flat[start : start + CHUNK].contiguous(), dtype)
        yield rounded.view(torch.uint8).numpy().tobytes()


def _header(
    shapes: Mapping[str, Shape], metadata: Mapping[str, str] | None, dtype: torch.dtype
) -> tuple[bytes, bytes]:
    """What stands before the numbers: its length, and where each tensor lies."""
    places, end = {}, 0
    for name, shape in shapes.items():
        start, end = end, end + dtype.itemsize * math.prod(shape)
        places[name] = {"dtype": FORMAT_NAMES[dtype], "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(({"__metadata__": dict(metadata)} if metadata else {}) | places).encode()
    header = text + b" " * (-len(text) % 8)  # so that numbers lie at multiples of their size
    return len(header).to_bytes(8, "little"), header


def _rounded(name: str, values: Tensor, dtype: torch.dtype) -> Tensor:
    rounded = values.to(dtype)
    overflowed = rounded.isinf() & values.isfinite()
    if dtype != torch.float32 and overflowed.any():
        largest = values[overflowed].abs().max().item()
        raise OverflowedError(
            f"holds {largest:.6g}, which would be infinite in {dtype_name(dtype)}, whose largest number is "
            f"{torch.finfo(dtype).max:.6g}",
            where=name,
            fix="take float32" if dtype == torch.bfloat16 else "take bfloat16 or float32",
        )
    return rounded


class TensorFile:
    """A file of float32 tensors, of which parts are read; ``numels`` are their sizes by name, ``metadata`` is
    what was written beside them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        kind = torch.float32
        self.metadata, places, begin = read_header(path, FORMAT_NAMES[kind], kind.itemsize)
        self._starts = {name: begin + place.data_offsets[0] for name, place in places.items()}
        self.numels = {name: place.numel for name, place in places.items()}

    def read_into(self, values: Tensor, name: str, start: int) -> None:
        """Makes ``values``, contiguous float32 [numel], elements ``start .. start + numel - 1`` of a
        flattened tensor.

        Raises:
            OSError: the file ends before.
        """
        with self._path.open("rb") as file:
            file.seek(self._starts[name] + 4 * start)
            if file.readinto(values.numpy().data) != values.nbytes:
                raise OSError(errno.EIO, "the file ends before its numbers do", str(self._path))
