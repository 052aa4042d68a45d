"""What a part's decisions tell of documents elsewhere: of those that documents are dropped for, and of those
that hold the copy of a paragraph. It is read where it lies and travels to the part, so that no key file is
read more than twice:

1. by the number of the document that is told of (``Asked``): its id, hash and similarity (``Answer``);
2. by the number of the document that asks (``Told``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from manifests.border.arrow_files import open_table
from pipeline.steps.dedup.arrow_packets import dealt_rows, file_of, gathered_rows
from pipeline.steps.dedup.buckets import Ranges
from pipeline.steps.dedup.document_ids import KEYS, DocumentIds, Sketches, names
from pipeline.steps.dedup.group_files import blocks, cuts_of, ranks_of, survivors_of
from pipeline.text.arrow.fixed_width import byte_rows
from pipeline.text.similarity.one_permutation import BINS, agreement

_WHO = [pa.field(name, pa.uint64(), nullable=False) for name in ("document", "other")]
ASKED = pa.schema([*_WHO, pa.field("sketch", pa.binary())])
TOLD = pa.schema(
    [
        *_WHO,
        pa.field("id", pa.string(), nullable=False),
        pa.field("hash", pa.binary(16), nullable=False),
        pa.field("hundredths", pa.uint8()),
    ]
)
ASKED_BYTES = 16 + BINS


def dropped(survivors: Path, old: int) -> int:
    """How many of the run's own documents are dropped."""
    by_rank = survivors_of(survivors, None)
    pieces = ((begin, by_rank[begin:end]) for begin, end in blocks(len(by_rank)))
    ranks = (np.arange(begin, begin + len(piece), dtype=np.uint64) for begin, piece in pieces)
    return sum(int(np.count_nonzero((by_rank[rank] != rank) & (rank >= old))) for rank in ranks)


@dataclass(frozen=True)
class Asked:
    """ASKED of key files of the run's own, then of files of ``Cuts``: with its sketch, each document that is
    dropped, and, without one, each that loses a paragraph."""

    all_ids: DocumentIds
    ranks: Path
    survivors: Path
    buckets: Ranges

    def __call__(self, index: int, path: Path) -> Iterator[tuple[int, bytes]]:
        own = index < len(self.all_ids.own)
        table = self._dropped(index, path) if own else self._cut(path)
        return dealt_rows(self.buckets.of(table["other"].to_numpy()), table, self.buckets.count)

    def _dropped(self, part: int, keys: Path) -> pa.Table:
        begin, end = self.all_ids.firsts[self.all_ids.old_files + part :][:2]
        of_document, of_rank = ranks_of(self.ranks, self.all_ids.documents)
        ranks = of_document[begin:end]
        survivors = survivors_of(self.survivors, self.all_ids.documents)[ranks]
        rows = np.flatnonzero(survivors != ranks)
        sketches = open_table(keys, KEYS, ["sketch"])["sketch"].take(pa.array(rows)).cast(pa.binary())
        others = np.asarray(of_rank[survivors[rows]])
        return pa.table([pa.array(begin + rows, pa.uint64()), pa.array(others), sketches], schema=ASKED)

    def _cut(self, path: Path) -> pa.Table:
        cuts = cuts_of(path, self.all_ids.documents)
        pairs = np.unique(np.stack([cuts["document"], cuts["holder"]], axis=1), axis=0)
        columns = [pa.array(np.ascontiguousarray(column)) for column in pairs.T]
        return pa.table([*columns, pa.nulls(len(pairs), pa.binary())], schema=ASKED)


@dataclass(frozen=True)
class Answer:
    """TOLD of one bucket, as a file."""

    all_ids: DocumentIds

    def __call__(self, bucket: int, payloads: list[bytes]) -> bytes:
        asked = gathered_rows(payloads, ASKED)
        others = asked["other"].to_numpy()
        ids, hashes = names(self.all_ids, others)
        hundredths = self._hundredths(others, asked["sketch"].combine_chunks())
        return file_of(pa.table([asked["document"], asked["other"], ids, hashes, hundredths], schema=TOLD))

    def _hundredths(self, others: np.ndarray, sketches: pa.Array) -> pa.Array:
        """Estimated Jaccard similarities of documents whose sketches are given to others; 100 of documents
        without any shingle, which are duplicates when they are equal."""
        given = sketches.is_valid().to_numpy(zero_copy_only=False)
        mine = byte_rows(sketches.drop_null().cast(pa.binary(BINS)))
        equal, filled = agreement(mine, Sketches(self.all_ids).take(others[given])).astype(np.int64)
        found = np.zeros(len(others), np.uint8)
        found[given] = np.where(filled == 0, 100, (200 * equal + filled) // np.maximum(2 * filled, 1))
        return pa.array(found, mask=~given)


@dataclass(frozen=True)
class Told:
    """Files of ``Answer`` to ranges of numbers of the documents that ask."""

    buckets: Ranges

    def __call__(self, index: int, path: Path) -> Iterator[tuple[int, bytes]]:
        table = open_table(path, TOLD)
        return dealt_rows(self.buckets.of(table["document"].to_numpy()), table, self.buckets.count)


def reduce_told(bucket: int, payloads: list[bytes]) -> bytes:
    """TOLD of one bucket, sorted, as a file."""
    return file_of(gathered_rows(payloads, TOLD).sort_by([(name, "ascending") for name in TOLD.names[:2]]))


@dataclass(frozen=True)
class ToldFiles:
    """The files of ``Told``, in bucket order."""

    files: tuple[Path, ...]
    buckets: Ranges

    def of(self, begin: int, end: int) -> pa.Table:
        """TOLD of the documents from ``begin`` to ``end``, sorted."""
        tables = [open_table(path, TOLD) for path in self.buckets.holding(self.files, begin, end)]
        table = pa.concat_tables([TOLD.empty_table(), *tables])
        documents = table["document"].to_numpy()
        return table.filter(pa.array((documents >= begin) & (documents < end))).combine_chunks()
