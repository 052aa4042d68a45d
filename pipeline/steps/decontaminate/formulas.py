"""Formulas: what a benchmark item shares with a document because both quote it, such as a licence, a verse or
a legal phrase. The corpus itself tells them, as many of its documents have them; a leaked item is in few,
once duplicates are gone."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from manifests.border.arrow_files import open_table
from manifests.store.local_copy import local
from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.transform import Extractor
from pipeline.text.contamination.ngram_index import NgramIndex

# Of the documents, where that is more than ``max_documents``: in a larger corpus a leaked item is found more
# often, too.
_SHARE = 1e-5


class SharedNgrams(Extractor):
    """Documents -> the n-grams that they share with benchmark items."""

    schema = pa.schema([pa.field("ngrams", pa.list_(pa.uint64()), nullable=False)])

    def __init__(self, index: Path) -> None:
        self._path = index

    def setup(self) -> None:
        self._index = NgramIndex.load(self._path)

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays([self._index.all_hits(batch.column("text"))], schema=self.schema)


def formulas(shared: Sequence[Path], max_documents: int) -> np.ndarray:
    """uint64 [n-grams]: those in more than ``max_documents`` documents, ascending. Memory: the n-grams of the
    benchmarks that occur at all."""
    found, counts, documents = np.empty(0, np.uint64), np.empty(0, np.int64), 0
    for path in shared:
        table = open_table(path, SharedNgrams.schema)
        documents += table.num_rows
        for chunk in table["ngrams"].chunks:
            new = chunk.flatten().to_numpy()
            found, place = np.unique(np.concatenate([found, new]), return_inverse=True)
            counts = np.bincount(
                place, np.concatenate([counts, np.ones(len(new))]), minlength=len(found)
            ).astype(np.int64)
    return found[counts > max(max_documents, _SHARE * documents)]


@dataclass(frozen=True)
class WriteLeakIndex:
    """Writes the index without the formulas."""

    index: Path
    shared: tuple[Path, ...]
    max_documents: int

    def __call__(self, index: int, path: Path) -> None:
        shutil.copyfile(local(self.index), path)
        NgramIndex.load(path, "r+").pass_over(formulas(self.shared, self.max_documents))
