"""The order in which documents would rather be kept, which makes every later decision independent of the
order of the input."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import open_table
from pipeline.runtime.npy_files import save
from pipeline.steps.dedup.dedup_index import Index
from pipeline.steps.dedup.document_ids import KEYS, DocumentIds

ORDER = [
    ("source", "ascending"),
    ("perplexity", "ascending"),
    ("bytes", "descending"),
    ("id", "ascending"),
    ("hash", "ascending"),
]


@dataclass(frozen=True)
class WritePriorities:
    """Ranks the documents of the index as they were, then the run's own by their source's place in the
    manifest, lower perplexity, longer text, then id.

    Writes uint32 [2, documents]: the rank of each document, and the document of each rank. Memory: 8 bytes a
    document, and 20 more for each of the run's own; the sort columns themselves stay in the memory-mapped key
    files.
    """

    all_ids: DocumentIds
    indexes: tuple[Index, ...]

    def __call__(self, index: int, path: Path) -> None:
        columns = [name for name, _ in ORDER]
        ranks = np.empty((2, self.all_ids.documents), np.uint32)
        first = 0
        for known in self.indexes:
            ranks[:, first : first + known.documents] = (
                known.ranks() - np.uint32(known.own) + np.uint32(first)
            )
            first += known.documents
        table = pa.concat_tables([open_table(key, KEYS, columns) for key in self.all_ids.own])
        ranks[1, first:] = pc.sort_indices(table, sort_keys=ORDER).to_numpy()
        ranks[1, first:] += np.uint32(first)
        ranks[0, ranks[1, first:]] = np.arange(first, self.all_ids.documents, dtype=np.uint32)
        save(path, ranks)
