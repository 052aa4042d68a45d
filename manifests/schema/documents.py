"""The one document schema: Arrow columns, added step by step, never another format.

Tokens, which take more bytes than the text, are not carried along: ``tokens_at`` says where the quality step
wrote them down, as ``part << PART_SHIFT | row`` of its ``signals``. ``hash`` is that of the text as it was
then, so it tells whether later steps have changed it; it has 16 bytes, in a type that Hugging Face's
``datasets`` reads too (it knows none of fixed size).

A piece of a document that ``ingest.max_words`` cut has the document's id with ``PIECE_MARK`` and its
number, from 1; its ``meta`` tells its number as ``piece``, how many there are as ``pieces``, and the hash of
the whole text as ``DOCUMENT_HASH``, in hexadecimal digits.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from manifests.schema.signals import SIGNALS

STEPS = ("ingest", "language", "quality", "dedup", "privacy", "decontaminate", "shards")
LANGUAGES = ("en", "zh", "code")
PROSE_LANGUAGES = ("en", "zh")
"""Those whose documents are judged without their markup."""
PART_SHIFT = 32
PIECE_MARK = "#piece-"
PIECE_ID = rf"{PIECE_MARK}[1-9][0-9]*$"
"""What the id of a piece ends with, as a regular expression."""
DOCUMENT_HASH = "document_hash"

INGEST = (
    pa.field("id", pa.string(), nullable=False),
    pa.field("text", pa.string(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("url", pa.string()),
    pa.field("license", pa.string()),
    pa.field("hash", pa.binary(), nullable=False),
    pa.field("meta", pa.string()),
)
LANGUAGE = (
    pa.field("language", pa.string()),
    pa.field("language_score", pa.float32()),
    pa.field("script", pa.string()),
)
QUALITY = (
    pa.field("signals", pa.struct([pa.field(name, pa.float32()) for name in SIGNALS])),
    pa.field("tokens_at", pa.int64()),
)
DEDUP = (pa.field("duplicates", pa.int32()),)
"""How many documents the kept one stands for, itself included: the size of its cluster."""
REJECTION = (
    pa.field("step", pa.string(), nullable=False),
    pa.field("reason", pa.string(), nullable=False),
    pa.field("detail", pa.string()),
    pa.field("broken_rules", pa.list_(pa.string())),
)

INGESTED = pa.schema(INGEST)
IDENTIFIED = pa.schema(INGEST + LANGUAGE)
MEASURED = pa.schema(INGEST + LANGUAGE + QUALITY)
DEDUPED = pa.schema(INGEST + LANGUAGE + QUALITY + DEDUP)
REJECTED = pa.schema(INGEST + LANGUAGE + QUALITY[:1] + REJECTION)
"""Of the rejects of every step; what a step does not know is null. The reason is the first rule that a
document breaks, ``broken_rules`` are all of them."""


def kept_schema(step: str) -> pa.Schema:
    """The schema of a step's kept documents."""
    return {"ingest": INGESTED, "language": IDENTIFIED, "quality": MEASURED}.get(step, DEDUPED)


def some(schema: pa.Schema, *names: str) -> pa.Schema:
    """Some of the columns of a schema."""
    return pa.schema([schema.field(name) for name in names])


def needed_schema(step: str) -> pa.Schema:
    """The columns that a step's kept documents have at least, whatever version of it wrote them: of the
    user's own, those that every document has."""
    known = {"ingest": INGESTED, "language": IDENTIFIED}
    return known.get(step, MEASURED if step in STEPS else INGESTED)


def with_signals(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    """The schema with further signals after the built-in ones; as it is where it has no signals."""
    place = schema.get_field_index("signals")
    if place < 0:
        return schema
    known = schema.field(place)
    more = [pa.field(name, pa.float32()) for name in names if known.type.get_field_index(name) < 0]
    return schema.set(place, known.with_type(pa.struct([*known.type, *more])))
