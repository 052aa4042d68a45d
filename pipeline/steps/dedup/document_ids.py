"""All documents that deduplication knows, by number: those of the index first, then the run's own, file by
file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from manifests.border.arrow_files import open_table, row_count
from pipeline.text.arrow.fixed_width import byte_rows
from pipeline.text.similarity.one_permutation import BINS

KEYS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("hash", pa.binary(16), nullable=False),
        pa.field("source", pa.uint16(), nullable=False),
        pa.field("perplexity", pa.float32(), nullable=False),
        pa.field("bytes", pa.int32(), nullable=False),
        pa.field("sketch", pa.binary(BINS), nullable=False),
        pa.field("paragraphs", pa.list_(pa.uint64()), nullable=False),
    ]
)
"""What documents are compared by, beside their ``bands``, of which a run has as many as its settings say."""


@dataclass(frozen=True)
class DocumentIds:
    """The key files in order. ``firsts`` [files + 1]: number of each file's first document; the first
    ``old_files`` belong to the index."""

    keys: tuple[Path, ...]
    firsts: tuple[int, ...]
    old_files: int = 0

    @property
    def documents(self) -> int:
        """Documents in all files."""
        return self.firsts[-1]

    @property
    def old(self) -> int:
        """Documents of the index. Their numbers, and their ranks, are those below it."""
        return self.firsts[self.old_files]

    @property
    def own(self) -> tuple[Path, ...]:
        """Key files of the run itself, without those of the index."""
        return self.keys[self.old_files :]


def document_ids(old: Sequence[Path], own: Sequence[Path]) -> DocumentIds:
    """Numbers the documents of the index's key files (``old``) and of the run's (``own``), in this order."""
    keys = (*old, *own)
    firsts = np.cumsum([0, *(row_count(path) for path in keys)], dtype=np.int64)
    return DocumentIds(keys, tuple(firsts.tolist()), len(old))


def paragraph_count(keys: Sequence[Path]) -> int:
    """Hashed paragraphs in all key files, read from their offsets."""
    return sum(
        len(chunk.flatten())
        for path in keys
        for chunk in open_table(path, KEYS, ["paragraphs"])["paragraphs"].chunks
    )


def names(all_ids: DocumentIds, documents: np.ndarray) -> tuple[pa.Array, pa.Array]:
    """Ids (string) and hashes (binary(16)) of documents anywhere in the corpus, read from the key files that
    hold them."""
    firsts = np.array(all_ids.firsts)
    pieces = [pa.table({"id": pa.array([], pa.string()), "hash": pa.array([], pa.binary(16))})]
    places = [np.empty(0, np.int64)]
    for file, here in _by_file(documents, firsts):
        rows = pa.array(documents[here].astype(np.int64) - firsts[file])
        columns = open_table(all_ids.keys[file], KEYS, ["id", "hash"])
        pieces.append(columns.take(rows).cast(pieces[0].schema))
        places.append(here)
    back = np.argsort(np.concatenate(places), kind="stable")
    found = pa.concat_tables(pieces).combine_chunks().take(pa.array(back))
    return found["id"].combine_chunks(), found["hash"].combine_chunks()


class Sketches:
    """Sketches of documents by number, copied out of the key files, of which one is open at a time."""

    def __init__(self, document_ids: DocumentIds) -> None:
        self._keys = document_ids.keys
        self._firsts = np.array(document_ids.firsts)

    def take(self, documents: np.ndarray) -> np.ndarray:
        """uint8 [documents, BINS]."""
        taken = np.empty((len(documents), BINS), np.uint8)
        for file, places in _by_file(documents, self._firsts):
            chunks = open_table(self._keys[file], KEYS, ["sketch"])["sketch"].chunks
            firsts = np.cumsum([0, *map(len, chunks)])
            rows = documents[places].astype(np.int64) - self._firsts[file]
            for chunk, inner in _by_file(rows, firsts):
                taken[places[inner]] = byte_rows(chunks[chunk])[rows[inner] - firsts[chunk]]
        return taken


def _by_file(numbers: np.ndarray, firsts: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """(file, places in ``numbers`` of the documents that it holds), ordered by number."""
    numbers = numbers.astype(np.int64)
    order = np.argsort(numbers, kind="stable")
    borders = np.searchsorted(numbers[order], firsts)
    return [
        (int(file), order[borders[file] : borders[file + 1]]) for file in np.flatnonzero(np.diff(borders))
    ]
