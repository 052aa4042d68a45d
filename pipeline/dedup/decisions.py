"""The verdict on every document of a part, in a small file that is laid beside the part's text when it is rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrowio import MAX_ROWS, open_table
from pipeline.dedup.clusters import agreement
from pipeline.dedup.groups import CUT, read_records
from pipeline.dedup.ranks import save, view

SCHEMA = pa.schema(
    [pa.field("reason", pa.string()), pa.field("detail", pa.string()), pa.field("cuts", pa.list_(pa.uint32()), nullable=False)]
)
NUMBERED_CUT = np.dtype([("document", "<u4"), ("ordinal", "<u4")])


@dataclass(frozen=True)
class WriteCuts:
    """Gathers the cuts of all buckets by document. Memory: 16 bytes a cut paragraph."""

    cuts: tuple[Path, ...]
    ranks: Path

    def __call__(self, index: int, path: Path) -> None:
        found = np.concatenate([np.empty(0, CUT), *(read_records(file, CUT) for file in self.cuts)])
        numbered = np.empty(len(found), NUMBERED_CUT)
        numbered["document"], numbered["ordinal"] = view(self.ranks)[1][found["rank"]], found["ordinal"]
        save(path, numbered[np.lexsort((numbered["ordinal"], numbered["document"]))])


@dataclass(frozen=True)
class WriteDecisions:
    """Writes rows of SCHEMA for the documents of one part, in their order.

    ``reason`` is exact_duplicate or near_duplicate, ``detail`` names the cluster (first 8 bytes of its survivor's hash), the survivor
    and the share of signature values they agree in. ``cuts``: ordinals of the paragraphs to remove.
    Memory: the part's own rows, and the ids of the survivors it points to.
    """

    keys: tuple[Path, ...]
    firsts: tuple[int, ...]
    ranks: Path
    signatures: Path
    exact: Path
    survivors: Path
    cuts: Path | None

    def __call__(self, index: int, path: Path) -> None:
        begin, end = self.firsts[index], self.firsts[index + 1]
        ranks = view(self.ranks)[0, begin:end]
        survivors = view(self.survivors)[ranks]
        rows = np.flatnonzero(survivors != ranks)
        exact = view(self.exact)[ranks[rows]] != ranks[rows]
        best = np.asarray(view(self.ranks)[1][survivors[rows]])
        reason = pc.if_else(pa.array(exact), "exact_duplicate", "near_duplicate")
        detail = self._details(begin + rows, best)
        place = _places(len(ranks), rows)
        table = pa.table([reason.take(place), detail.take(place), self._cuts(begin, end)], schema=SCHEMA)
        with pa.ipc.new_file(path, SCHEMA) as writer:
            writer.write_table(table, max_chunksize=MAX_ROWS)

    def _details(self, documents: np.ndarray, best: np.ndarray) -> pa.Array:
        signatures = view(self.signatures)
        size = signatures.shape[1]
        shares = pa.array([f"{agreed / size:.2f}" for agreed in range(size + 1)], pa.string())
        ids, clusters = self._names(best)
        parts = ["cluster=", clusters, " survivor=", ids, " similarity=", shares.take(pa.array(agreement(signatures, documents, best)))]
        return pc.binary_join_element_wise(*parts, "")

    def _names(self, documents: np.ndarray) -> tuple[pa.Array, pa.Array]:
        """Ids and hexadecimal cluster names of documents anywhere in the corpus, read from the key files that hold them."""
        order = np.argsort(documents, kind="stable")
        borders = np.searchsorted(documents[order], self.firsts)
        pieces = [pa.table({"id": pa.array([], pa.string()), "hash": pa.array([], pa.binary(16))})]
        for part in np.flatnonzero(np.diff(borders)):
            rows = documents[order[borders[part] : borders[part + 1]]] - self.firsts[part]
            pieces.append(open_table(self.keys[part]).select(["id", "hash"]).take(pa.array(rows)).cast(pieces[0].schema))
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        names = pa.concat_tables(pieces).combine_chunks().take(pa.array(back))
        return names["id"].combine_chunks(), _hexadecimal(names["hash"].combine_chunks())

    def _cuts(self, begin: int, end: int) -> pa.Array:
        if self.cuts is None:
            return pa.array([[]] * (end - begin), SCHEMA.field("cuts").type)
        cuts = view(self.cuts)
        borders = np.searchsorted(cuts["document"], np.arange(begin, end + 1))
        ordinals = np.ascontiguousarray(cuts["ordinal"][borders[0] : borders[-1]])
        return pa.ListArray.from_arrays(pa.array((borders - borders[0]).astype(np.int32)), pa.array(ordinals))


def _places(rows: int, chosen: np.ndarray) -> pa.Array:
    """int64 [rows]: for each row its place in ``chosen``, or null."""
    places = np.full(rows, -1, np.int64)
    places[chosen] = np.arange(len(chosen))
    return pa.array(places, mask=places < 0)


def _hexadecimal(hashes: pa.Array) -> pa.Array:
    """The first 8 bytes of each 16-byte hash as 16 hexadecimal digits."""
    data = np.frombuffer(hashes.buffers()[1], np.uint8, 16 * len(hashes), 16 * hashes.offset).reshape(-1, 16)[:, :8]
    digits = np.frombuffer(b"0123456789abcdef", "S1")[np.stack([data >> 4, data & 15], axis=-1)]
    return pa.array(digits.reshape(len(hashes), 16).view("S16").reshape(-1)).cast(pa.string())
