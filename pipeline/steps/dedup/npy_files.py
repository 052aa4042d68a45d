"""Arrays in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def save(path: Path, array: np.ndarray) -> None:
    """Writes a .npy file under exactly this name."""
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def view(path: Path) -> np.ndarray:
    """A .npy file, memory-mapped."""
    return np.load(path, mmap_mode="r", allow_pickle=False)
