"""The order in which documents would rather be kept, which makes every later decision independent of the order of the input."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrowio import open_table

ORDER = [("source", "ascending"), ("perplexity", "ascending"), ("bytes", "descending"), ("id", "ascending"), ("hash", "ascending")]


@dataclass(frozen=True)
class WriteRanks:
    """Ranks the documents of all key files by their source's place in the manifest, lower perplexity, longer text, then id.

    Writes uint32 [2, documents]: the rank of each document, and the document of each rank. Memory: 24 bytes a document; the sort
    columns themselves stay in the memory-mapped key files.
    """

    keys: tuple[Path, ...]

    def __call__(self, index: int, path: Path) -> None:
        columns = [name for name, _ in ORDER]
        table = pa.concat_tables([open_table(key).select(columns) for key in self.keys])
        ranks = np.empty((2, table.num_rows), np.uint32)
        ranks[1] = pc.sort_indices(table, sort_keys=ORDER).to_numpy()
        ranks[0, ranks[1]] = np.arange(table.num_rows, dtype=np.uint32)
        save(path, ranks)


def save(path: Path, array: np.ndarray) -> None:
    """Writes a .npy file under exactly this name."""
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def view(path: Path) -> np.ndarray:
    """A .npy file, memory-mapped."""
    return np.load(path, mmap_mode="r", allow_pickle=False)
