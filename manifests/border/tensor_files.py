"""The header of a safetensors file: names, types and places of tensors, all of them inside the file."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from manifests.border.regular_file import regular
from manifests.border.unsound_file import UnsoundFileError, check

_LONGEST = 100_000_000
"""Bytes of a header, as the library has it."""
_METADATA = "__metadata__"


class Place(BaseModel):
    """Where a tensor lies: ``data_offsets`` in the bytes after the header."""

    model_config = ConfigDict(extra="forbid", strict=True)

    dtype: str
    shape: list[int] = Field(max_length=64)
    data_offsets: list[int] = Field(min_length=2, max_length=2)

    @property
    def numel(self) -> int:
        """Elements."""
        return math.prod(self.shape)


_PLACES: TypeAdapter[dict[str, Place]] = TypeAdapter(dict[str, Place])
_NOTES: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])


def read_header(path: Path, dtype: str, itemsize: int) -> tuple[dict[str, str], dict[str, Place], int]:
    """Metadata, places by name, and where the numbers begin, of a file of tensors of one type.

    Raises:
        UnsoundFileError: the file is none, or tensors are not inside of it.
        FileNotFoundError: there is no file.
    """
    size = regular(path).stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        check(0 < length <= min(size - 8, _LONGEST), path, f"has a header of {length} bytes in {size}")
        header = _object(path, file.read(length))
    try:
        notes, places = _NOTES.validate_python(header.pop(_METADATA, {})), _PLACES.validate_python(header)
    except ValidationError as error:
        raise UnsoundFileError(f"has a header that is none: {error.errors()[0]['msg']}", where=path) from None
    for name, place in places.items():
        _check_place(path, name, place, dtype, itemsize, size - 8 - length)
    return notes, places, 8 + length


def _check_place(path: Path, name: str, place: Place, dtype: str, itemsize: int, room: int) -> None:
    begin, end = place.data_offsets
    check(place.dtype == dtype, path, f"{name} is of type {place.dtype}, not {dtype}")
    check(all(length >= 0 for length in place.shape), path, f"{name} has shape {place.shape}")
    check(0 <= begin <= end <= room, path, f"{name} leads out of the file")
    check(end - begin == itemsize * place.numel, path, f"{name} has not the bytes of its shape")


def _object(path: Path, text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnsoundFileError(f"has a header that is no JSON ({error})", where=path) from None
    check(isinstance(found, dict), path, "has a header without keys")
    return dict(found)
