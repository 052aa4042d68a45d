"""Checks what cutting long documents promises: the pieces of each one, end to end, are the whole of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from manifests.border.arrow_files import read_batches
from manifests.border.json_files import meta_object
from manifests.files import safe_join
from manifests.schema.documents import DOCUMENT_HASH, INGESTED, PIECE_ID, some
from manifests.schema.steps import StepManifest


class _Piece(NamedTuple):
    """``whole``: the document's id. ``number``, ``pieces`` and ``digest``: what ``meta`` tells."""

    whole: str
    number: Any
    pieces: Any
    digest: str
    text: pa.Buffer


def whole_ids(ids: pa.Array) -> pa.Array:
    """Ids of documents; of pieces, those of the documents that they were cut from."""
    return pc.replace_substring_regex(ids, PIECE_ID, "")


def documents_not_whole(folder: Path, manifest: StepManifest) -> list[str]:
    """Problems of an ingest folder whose files are sound. Memory: a record batch."""
    problems: list[str] = []
    documents = pieces = 0
    for part in manifest.parts:
        path, broken = safe_join(folder, part.kept.path), []
        for whole, of_it in groupby(_pieces(path), key=lambda piece: piece.whole):
            number, sound = _put_together(of_it)
            documents, pieces = documents + 1, pieces + number
            broken += [] if sound else [whole]
        if broken:
            what = f"{len(broken)} documents that were cut are not whole"
            problems.append(f"{path}: {what}, such as {broken[0]!r}")
    stated = tuple(manifest.metrics.get(f"cut/{name}", 0) for name in ("documents", "pieces"))
    if not problems and (documents, pieces) != stated:
        problems.append(
            f"{folder / 'manifest.json'}: {documents} documents are cut into {pieces} pieces, the manifest "
            f"says {stated[0]} into {stated[1]}"
        )
    return problems


def _put_together(pieces: Iterable[_Piece]) -> tuple[int, bool]:
    """How many pieces there are, and whether they are all those of the document, in order and unchanged."""
    hashed, number, in_order = xxhash.xxh3_128(), 0, True
    told: list[tuple[Any, str]] = []
    for number, piece in enumerate(pieces, start=1):
        in_order &= piece.number == number
        told.append((piece.pieces, piece.digest))
        hashed.update(piece.text)
    return number, in_order and all(one == (number, hashed.hexdigest()) for one in told)


def _pieces(path: Path) -> Iterator[_Piece]:
    """The pieces among the documents of a part. One that tells no hash has but the name of a piece."""
    for batch in read_batches(path, some(INGESTED, "id", "text", "meta")):
        batch = batch.select(["id", "text", "meta"])
        batch = batch.filter(pc.match_substring_regex(batch.column("id"), PIECE_ID))
        names = whole_ids(batch.column("id")).to_pylist()
        for whole, text, meta in zip(names, batch.column("text"), batch.column("meta"), strict=True):
            told = meta_object(meta.as_py(), path)
            if DOCUMENT_HASH in told:
                number, pieces, digest = (told.get(name) for name in ("piece", "pieces", DOCUMENT_HASH))
                yield _Piece(whole, number, pieces, str(digest), text.as_buffer())
