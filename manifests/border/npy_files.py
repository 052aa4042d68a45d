"""Arrays in files, .npy without pickles: type, shape and size are those that are asked for, and every value
that will lead somewhere leads there."""

from __future__ import annotations

import tokenize
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from manifests.border.file_state import FileState, state_of
from manifests.border.unsound_file import UnsoundFileError, check, sound_copy

_BLOCK = 1 << 22
_NO_HEADER = (SyntaxError, TypeError, EOFError, RecursionError, MemoryError, tokenize.TokenError)
Shape = tuple[int | None, ...]


def mapped_array(
    path: Path,
    dtype: npt.DTypeLike,
    shape: Shape,
    below: int | None = None,
    mode: Literal["r", "r+"] = "r",
) -> np.ndarray:
    """A .npy file, memory-mapped.

    Args:
        dtype: of its values. ``shape``: None for a length that is not known.
        below: every value is less than this (and not negative).

    Raises:
        UnsoundFileError: the file is not such an array.
    """
    with sound_copy(path) as here:
        _check_array(here, state_of(here), np.dtype(dtype), shape, below)
        mapped: np.ndarray = np.load(here, mmap_mode=mode, allow_pickle=False)
    return mapped


@lru_cache(maxsize=1 << 12)
def _check_array(path: Path, state: FileState, dtype: np.dtype, shape: Shape, below: int | None) -> None:
    found, fortran, kind, begin = _header(path)
    check(kind == dtype, path, f"holds {kind}, not {dtype}")
    fits = len(found) == len(shape) and all(
        told in (None, size) for told, size in zip(shape, found, strict=True)
    )
    wanted = ", ".join("any" if size is None else str(size) for size in shape)
    check(fits, path, f"has shape {found}, not ({wanted})")
    check(not fortran or len(found) < 2, path, "has its columns one after another")
    values = int(np.prod(found, dtype=np.float64))
    size = begin + values * dtype.itemsize
    check(path.stat().st_size == size, path, f"has {path.stat().st_size} bytes, its header says {size}")
    if below is not None and values:
        flat = np.load(path, mmap_mode="r", allow_pickle=False).reshape(-1)
        for start in range(0, len(flat), _BLOCK):
            block = flat[start : start + _BLOCK]
            sound = int(block.min()) >= 0 and int(block.max()) < below
            check(sound, path, f"has values that are not below {below}")


def _header(path: Path) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Shape, order, type and where the values begin."""
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            check(version == (1, 0), path, f"is a .npy file of version {version}")
            shape, fortran, kind = np.lib.format.read_array_header_1_0(file)
            check(all(0 <= size < 1 << 48 for size in shape), path, f"has shape {shape}")
            return shape, fortran, kind, file.tell()
    except UnsoundFileError:
        raise
    except (*_NO_HEADER, ValueError) as error:
        raise UnsoundFileError(f"is no .npy file ({' '.join(str(error).split())})", where=path) from None


def mapped_records(path: Path, dtype: np.dtype) -> np.ndarray:
    """A file of nothing but records, memory-mapped where it is not empty.

    Raises:
        UnsoundFileError: the last one is not whole.
    """
    with sound_copy(path) as here:
        size = here.stat().st_size
        check(size % dtype.itemsize == 0, here, f"has {size} bytes, no multiple of {dtype.itemsize}")
        return np.memmap(here, dtype, mode="r") if size else np.empty(0, dtype)
