"""The verdict on every document of a part, in a small file that is laid beside the part's text when it is
rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.npy_files import mapped_array
from pipeline.runtime.arrow_files import MAX_ROWS
from pipeline.steps.dedup.dedup_index import Index
from pipeline.steps.dedup.document_ids import DocumentIds, Sketches, names
from pipeline.steps.dedup.group_files import CUT, cuts_of, ranks_of, survivors_of
from pipeline.text.arrow.fixed_width import byte_rows
from pipeline.text.similarity.one_permutation import agreement

SCHEMA = pa.schema(
    [
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("duplicates", pa.int32(), nullable=False),
        pa.field("cuts", pa.list_(pa.uint32()), nullable=False),
        pa.field("holders", pa.list_(pa.uint32()), nullable=False),
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
    Memory: the part's own rows, and the ids of the survivors it points to.
    """

    all_ids: DocumentIds
    indexes: tuple[Index, ...]
    ranks: Path
    exact: Path
    survivors: Path
    sizes: Path
    cuts: tuple[Path, ...]

    def __call__(self, index: int, path: Path) -> None:
        begin, end = self.all_ids.firsts[self.all_ids.old_files + index :][:2]
        of_document, of_rank = ranks_of(self.ranks, self.all_ids.documents)
        ranks = of_document[begin:end]
        survivors = self._by_rank(self.survivors)[ranks]
        rows = np.flatnonzero(survivors != ranks)
        exact = self._by_rank(self.exact)[ranks[rows]] != ranks[rows]
        best = np.asarray(of_rank[survivors[rows]])
        reason = pc.if_else(pa.array(exact), "exact_duplicate", "near_duplicate")
        detail = self._details(begin + rows, best)
        place = _places(len(ranks), rows)
        sizes = mapped_array(self.sizes, "<u4", (self.all_ids.documents,), below=1 << 31)
        sizes = pa.array(sizes[ranks].astype(np.int32))
        columns = [reason.take(place), detail.take(place), sizes, *self._cuts(begin, end)]
        table = pa.table(columns, schema=SCHEMA)
        with pa.ipc.new_file(path, SCHEMA) as writer:
            writer.write_table(table, max_chunksize=MAX_ROWS)

    def _by_rank(self, path: Path) -> np.ndarray:
        return survivors_of(path, self.all_ids.documents)

    def _details(self, documents: np.ndarray, best: np.ndarray) -> pa.Array:
        ids, hashes = names(self.all_ids, best)
        return pc.binary_join_element_wise(
            "cluster=",
            _hexadecimal(hashes),
            " survivor=",
            ids,
            " similarity=",
            self._similarities(documents, best),
            self._index_of(best),
            "",
        )

    def _similarities(self, documents: np.ndarray, best: np.ndarray) -> pa.Array:
        """Estimated Jaccard similarities to two places; 1.00 of documents without any shingle, which are
        duplicates when they are equal."""
        sketches = Sketches(self.all_ids)
        equal, filled = agreement(sketches.take(documents), sketches.take(best)).astype(np.int64)
        hundredths = np.where(filled == 0, 100, (200 * equal + filled) // np.maximum(2 * filled, 1))
        return pa.array([f"{value // 100}.{value % 100:02}" for value in range(101)], pa.string()).take(
            pa.array(hundredths)
        )

    def _index_of(self, documents: np.ndarray) -> pa.Array:
        """`` index=FOLDER`` for documents of an index, and nothing for the run's own."""
        names = pa.array([*(f" index={index.name}" for index in self.indexes), ""], pa.string())
        ends = np.cumsum([index.documents for index in self.indexes], dtype=np.int64)
        return names.take(pa.array(np.searchsorted(ends, documents, side="right")))

    def _cuts(self, begin: int, end: int) -> tuple[pa.Array, pa.Array]:
        """The part's cuts and their holders, gathered from all buckets, each sorted by document."""
        found = [np.empty(0, CUT)]
        for file in self.cuts:
            cuts = cuts_of(file, self.all_ids.documents)
            first, last = np.searchsorted(cuts["document"], [begin, end])
            found.append(np.asarray(cuts[first:last]))
        own = np.sort(np.concatenate(found), order=("document", "ordinal"))
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
