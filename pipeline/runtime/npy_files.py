"""Writing arrays to files: .npy, without pickles. ``manifests.border`` reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from manifests.files import atomic_write


def save(path: Path, array: np.ndarray) -> None:
    """Writes a .npy file under exactly this name."""
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def created(path: Path, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> np.ndarray:
    """A new .npy file of zeros, memory-mapped: what is written to it goes to the disk where memory is
    short."""
    mapped: np.ndarray = np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=shape)
    return mapped


def save_durably(path: Path, array: np.ndarray) -> Path:
    """As ``save``, atomically; returns the path."""
    with atomic_write(path) as temporary:
        save(temporary, array)
    return path
