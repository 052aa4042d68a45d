"""Writing arrays to files: .npy, without pickles. ``manifests.border`` reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from manifests.files import atomic_write


def save(path: Path, array: np.ndarray) -> None:
    """Writes a .npy file under exactly this name."""
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def save_durably(path: Path, array: np.ndarray) -> Path:
    """As ``save``, atomically; returns the path."""
    with atomic_write(path) as temporary:
        save(temporary, array)
    return path
