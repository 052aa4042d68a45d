"""The order in which documents would rather be kept, which makes every later decision independent of the
order of the input: a sample sort. Splitters are chosen from a sample of all documents, documents go to the
bucket between two of them, and each bucket is sorted by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import open_table
from manifests.border.npy_files import mapped_records
from pipeline.runtime.npy_files import created
from pipeline.steps.dedup.arrow_packets import dealt_rows, gathered_rows
from pipeline.steps.dedup.buckets import Ranges
from pipeline.steps.dedup.dedup_index import Index
from pipeline.steps.dedup.document_ids import KEYS, DocumentIds
from pipeline.steps.dedup.group_files import RANK, blocks

ORDER = [
    ("source", "ascending"),
    ("perplexity", "ascending"),
    ("bytes", "descending"),
    ("id", "ascending"),
    ("hash", "ascending"),
]
COLUMNS = pa.schema([KEYS.field(name) for name, _ in ORDER])
ORDERED = COLUMNS.append(pa.field("document", pa.uint64()))
DOCUMENT_BYTES = 128
"""Of an ordered row, about."""
SAMPLES = 64


@dataclass(frozen=True)
class WriteSplitters:
    """Writes rows of COLUMNS: the first one of every bucket but the first. Memory: ``SAMPLES`` rows a
    bucket."""

    all_ids: DocumentIds
    buckets: int

    def __call__(self, index: int, path: Path) -> None:
        own = self.all_ids.documents - self.all_ids.old
        step = max(1, own // (self.buckets * SAMPLES))
        sample = [COLUMNS.empty_table()]
        for number, key in enumerate(self.all_ids.own, self.all_ids.old_files):
            table = open_table(key, KEYS, COLUMNS.names)
            rows = np.arange(-self.all_ids.firsts[number] % step, len(table), step)
            sample.append(table.take(pa.array(rows)).cast(COLUMNS))
        table = pa.concat_tables(sample).combine_chunks()
        places = np.arange(1, self.buckets) * len(table) // self.buckets
        with pa.ipc.new_file(path, COLUMNS) as writer:
            if len(table):
                writer.write_table(table.take(pc.sort_indices(table, sort_keys=ORDER).take(pa.array(places))))


@dataclass(frozen=True)
class ByPriority:
    """Rows of ORDERED of one of the run's own parts to the buckets between the splitters, as Arrow
    messages."""

    all_ids: DocumentIds
    splitters: Path
    buckets: Ranges

    def __call__(self, part: int, keys: Path) -> Iterator[tuple[int, bytes]]:
        splitters = open_table(self.splitters, COLUMNS)
        own = open_table(keys, KEYS, COLUMNS.names).cast(COLUMNS)
        both = pa.concat_tables([splitters, own])
        order = pc.sort_indices(both, sort_keys=ORDER).to_numpy().astype(np.int64)
        # Sorting is stable: of equal rows the splitter comes first, and all of them behind it.
        buckets = np.cumsum(order < len(splitters))[order >= len(splitters)]
        rows = order[order >= len(splitters)] - len(splitters)
        documents = pa.array(rows + self.all_ids.firsts[self.all_ids.old_files + part], pa.uint64())
        table = own.take(pa.array(rows)).append_column("document", documents)
        return dealt_rows(buckets, table, self.buckets.count)


def reduce_priority(bucket: int, payloads: list[bytes]) -> bytes:
    """The documents of a bucket in their order: RANK."""
    table = gathered_rows(payloads, ORDERED)
    order = pc.sort_indices(table, sort_keys=[*ORDER, ("document", "ascending")])
    return np.asarray(table["document"].take(order).to_numpy()).tobytes()


@dataclass(frozen=True)
class WriteRanks:
    """Ranks the documents of the index as they were, then the run's own by their source's place in the
    manifest, lower perplexity, longer text, then id; ``ordered``: the files of their buckets.

    Writes uint64 [2, documents]: the rank of each document, and the document of each rank. Memory: a bucket.
    """

    all_ids: DocumentIds
    indexes: tuple[Index, ...]
    ordered: tuple[Path, ...]

    def __call__(self, index: int, path: Path) -> None:
        ranks = created(path, RANK, (2, self.all_ids.documents))
        first = 0
        for known in self.indexes:
            theirs = known.ranks()
            for begin, end in blocks(known.documents):
                shifted = theirs[:, begin:end] - np.uint64(known.own) + np.uint64(first)
                ranks[:, first + begin : first + end] = shifted
            first += known.documents
        for file in self.ordered:
            documents = mapped_records(file, RANK)
            ranks[1, first : first + len(documents)] = documents
            ranks[0, documents] = np.arange(first, first + len(documents), dtype=RANK)
            first += len(documents)
        ranks.flush()  # type: ignore[attr-defined]
