"""What is kept of a document that is too long or too costly to read: its head, and the hash of what was read,
so that a bomb takes no more room among the rejects than it had."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pyarrow.compute as pc

HEAD = 1 << 16
"""Bytes."""
_REASONS = pa.array(["too_long", "too_costly"])


def heads_of_long(texts: pa.Array, reason: pa.Array, detail: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The texts and details of a batch, in which each text of more than ``HEAD`` bytes that is rejected for
    its length or cost is its head, and its detail tells the SHA-256 of what it was.

    Args:
        texts, reason, detail: string [documents].
    """
    cut = pc.and_(pc.is_in(reason, _REASONS), pc.greater(pc.binary_length(texts), HEAD))
    if not pc.any(cut).as_py():
        return texts, detail
    long = [text.encode() for text in texts.filter(cut).to_pylist()]
    heads = pa.array([text[:HEAD].decode(errors="ignore") for text in long], pa.string())
    told = pa.array(
        [f"; SHA-256 of the first {len(text)}: {hashlib.sha256(text).hexdigest()}" for text in long]
    )
    details = pc.binary_join_element_wise(detail.filter(cut), told, "")
    return pc.replace_with_mask(texts, cut, heads), pc.replace_with_mask(detail, cut, details)
