"""Cuts long documents into pieces, each a document with an id of its own; nothing is lost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.documents import DOCUMENT_HASH, PIECE_MARK
from pipeline.text.arrow.text_hashes import hashes
from pipeline.text.splitting.long_texts import may_be_long, split


class Pieces(NamedTuple):
    """``documents``: a batch in which pieces stand for the documents that were cut. ``origin``: int64 [rows],
    the index of each one's document in the batch before. ``metrics``: how many were cut, into how many."""

    documents: pa.RecordBatch
    origin: pa.Array
    metrics: dict[str, int]


def in_pieces(
    documents: pa.RecordBatch, kept: pa.BooleanArray, most: int | None, prose: bool
) -> Pieces | None:
    """Cuts those of the ``kept`` documents that have more than ``most`` words; None if there is none, or no
    such bound.

    The texts of a document's pieces, which follow one another, are its text end to end. Each piece has the
    hash of its own text.
    """
    if most is None:
        return None
    chosen = may_be_long(documents.column("text"), most) & kept.to_numpy(zero_copy_only=False)
    if not chosen.any():
        return None
    texts, origin = split(documents.column("text"), chosen, most, prose)
    counts = np.bincount(origin, minlength=documents.num_rows)
    if len(origin) == documents.num_rows:
        return None
    whole = documents.drop_columns(["text"]).take(pa.array(origin))
    number = np.arange(len(origin)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    columns = _told(whole, number, counts[origin]) | {"text": texts, "hash": hashes(texts)}
    names = documents.schema.names
    made = pa.RecordBatch.from_arrays([columns[name] for name in names], names)
    metrics = {"cut/documents": int((counts > 1).sum()), "cut/pieces": int(counts[counts > 1].sum())}
    return Pieces(made, pa.array(origin), metrics)


def _told(whole: pa.RecordBatch, number: np.ndarray, pieces: np.ndarray) -> dict[str, pa.Array]:
    """The columns of each row's document; ``id`` and ``meta`` tell the ``number`` of a row that is one of
    several ``pieces``."""
    columns = dict(zip(whole.schema.names, whole.columns, strict=True))
    cut = pa.array(pieces > 1)
    some, number, pieces = whole.filter(cut), number[pieces > 1], pieces[pieces > 1]
    ids = pc.binary_join_element_wise(some.column("id"), pa.array(number).cast(pa.string()), PIECE_MARK)
    rows = zip(some.column("meta").to_pylist(), some.column("hash").to_pylist(), number, pieces, strict=True)
    meta = pa.array([_meta(*row) for row in rows], pa.string())
    new = {"id": ids, "meta": meta}
    return columns | {name: pc.replace_with_mask(columns[name], cut, value) for name, value in new.items()}


def _meta(meta: str | None, digest: bytes, number: int, pieces: int) -> str:
    own = {"piece": int(number), "pieces": int(pieces), DOCUMENT_HASH: digest.hex()}
    return orjson.dumps({**orjson.loads(meta or "{}"), **own}).decode()
