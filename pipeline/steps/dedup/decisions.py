"""The verdict on every document of a part, in a small file that is laid beside the part's text when it is
rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.npy_files import mapped_array
from manifests.border.unsound_file import check
from pipeline.runtime.arrow_files import MAX_ROWS
from pipeline.steps.dedup.buckets import Ranges
from pipeline.steps.dedup.dedup_index import Index
from pipeline.steps.dedup.document_ids import DocumentIds
from pipeline.steps.dedup.group_files import CUT, cuts_of, ranks_of, survivors_of
from pipeline.steps.dedup.told import ToldFiles
from pipeline.text.arrow.fixed_width import byte_rows

SCHEMA = pa.schema(
    [
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("duplicates", pa.int32(), nullable=False),
        pa.field("cuts", pa.list_(pa.uint32()), nullable=False),
        pa.field("holders", pa.list_(pa.uint64()), nullable=False),
    ]
)


@dataclass(frozen=True)
class WriteDecisions:
    """Writes rows of SCHEMA for the documents of one part, in their order.

    ``reason`` is exact_duplicate or near_duplicate, ``detail`` names the cluster (first 8 bytes of its
    survivor's hash), the survivor, the
    similarity of the two, and the index where the survivor is in one. ``duplicates``: size of the
    cluster, 0 for a document that is dropped. ``cuts``: ordinals of the paragraphs to remove; ``holders``:
    for each the number of the document that holds the copy that stays.
    Memory: the part's own rows.
    """

    all_ids: DocumentIds
    indexes: tuple[Index, ...]
    ranks: Path
    exact: Path
    survivors: Path
    sizes: Path
    told: ToldFiles
    cuts: tuple[Path, ...]
    buckets: Ranges

    def __call__(self, index: int, path: Path) -> None:
        begin, end = self.all_ids.firsts[self.all_ids.old_files + index :][:2]
        ranks = ranks_of(self.ranks, self.all_ids.documents)[0, begin:end]
        rows = np.flatnonzero(self._by_rank(self.survivors)[ranks] != ranks)
        exact = self._by_rank(self.exact)[ranks[rows]] != ranks[rows]
        reason = pc.if_else(pa.array(exact), "exact_duplicate", "near_duplicate")
        detail = self._details(begin, end, rows, path)
        place = _places(len(ranks), rows)
        sizes = mapped_array(self.sizes, "<u4", (self.all_ids.documents,), below=1 << 31)
        sizes = pa.array(sizes[ranks].astype(np.int32))
        columns = [reason.take(place), detail.take(place), sizes, *self._cuts(begin, end)]
        table = pa.table(columns, schema=SCHEMA)
        with pa.ipc.new_file(path, SCHEMA) as writer:
            writer.write_table(table, max_chunksize=MAX_ROWS)

    def _by_rank(self, path: Path) -> np.ndarray:
        return survivors_of(path, self.all_ids.documents)

    def _details(self, begin: int, end: int, rows: np.ndarray, path: Path) -> pa.Array:
        told = self.told.of(begin, end)
        told = told.filter(told["hundredths"].is_valid())
        check(np.array_equal(told["document"], begin + rows), path, "is told of other documents than dropped")
        shares = pa.array([f"{value // 100}.{value % 100:02}" for value in range(101)], pa.string())
        return pc.binary_join_element_wise(
            "cluster=",
            _hexadecimal(told["hash"].combine_chunks()),
            " survivor=",
            told["id"].combine_chunks(),
            " similarity=",
            shares.take(told["hundredths"].combine_chunks()),
            self._index_of(told["other"].to_numpy()),
            "",
        )

    def _index_of(self, documents: np.ndarray) -> pa.Array:
        """`` index=FOLDER`` for documents of an index, and nothing for the run's own."""
        names = pa.array([*(f" index={index.name}" for index in self.indexes), ""], pa.string())
        ends = np.cumsum([index.documents for index in self.indexes], dtype=np.int64)
        return names.take(pa.array(np.searchsorted(ends, documents, side="right")))

    def _cuts(self, begin: int, end: int) -> tuple[pa.Array, pa.Array]:
        """The part's cuts and their holders, from the buckets that have its documents."""
        found = [np.empty(0, CUT)]
        for file in self.buckets.holding(self.cuts, begin, end):
            cuts = cuts_of(file, self.all_ids.documents)
            first, last = np.searchsorted(cuts["document"], [begin, end])
            found.append(np.asarray(cuts[first:last]))
        own = np.concatenate(found)
        borders = pa.array(np.searchsorted(own["document"], np.arange(begin, end + 1)).astype(np.int32))
        ordinals, holders = (
            pa.ListArray.from_arrays(borders, pa.array(np.ascontiguousarray(own[name])))
            for name in ("ordinal", "holder")
        )
        return ordinals, holders


def _places(rows: int, chosen: np.ndarray) -> pa.Array:
    """int64 [rows]: for each row its place in ``chosen``, or null."""
    places = np.full(rows, -1, np.int64)
    places[chosen] = np.arange(len(chosen))
    return pa.array(places, mask=places < 0)


def _hexadecimal(hashes: pa.Array) -> pa.Array:
    """The first 8 bytes of each 16-byte hash as 16 hexadecimal digits."""
    data = byte_rows(hashes)[:, :8]
    digits = np.frombuffer(b"0123456789abcdef", "S1")[np.stack([data >> 4, data & 15], axis=-1)]
    return pa.array(digits.reshape(len(hashes), 16).view("S16").reshape(-1)).cast(pa.string())
