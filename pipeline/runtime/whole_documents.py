"""Which document a piece was cut from: what is drawn by hash is drawn by that of the whole document, so that
no model is asked about a book of which it has read another piece."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.json_files import meta_object
from manifests.border.unsound_file import UnsoundFileError
from manifests.schema.documents import DOCUMENT_HASH, PIECE_ID

_HASH = re.compile("[0-9a-f]{32}")


def whole_hashes(batch: pa.RecordBatch) -> pa.Array:
    """The column ``hash``, for a piece with the hash of the document that it was cut from, as that was
    ingested: binary [documents] of 16 bytes each."""
    own = batch.column("hash")
    pieces = pc.match_substring_regex(batch.column("id"), PIECE_ID)
    if not pc.any(pieces, min_count=0).as_py():
        return own
    rows = zip(batch.column("meta").filter(pieces).to_pylist(), own.filter(pieces).to_pylist(), strict=True)
    return pc.replace_with_mask(own, pieces, pa.array([_whole(*row) for row in rows], own.type))


def _whole(meta: str | None, own: bytes) -> bytes:
    """A file of the user's may be called like a piece, and is none."""
    digest = meta_object(meta).get(DOCUMENT_HASH)
    if digest is None:
        return own
    if not isinstance(digest, str) or not _HASH.fullmatch(digest):
        raise UnsoundFileError(f"a document's meta tells a hash that is none: {digest!r:.80}")
    return bytes.fromhex(digest)
