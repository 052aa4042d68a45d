"""Documents as a reader found them, before their text is decoded and repaired: record batches of RAW
columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.runtime.arrow_files import MAX_BYTES, MAX_ROWS

MOST_NAMES = 30

RAW = pa.schema(
    [
        pa.field("key", pa.string()),  # unique in its source
        pa.field("text", pa.binary()),
        pa.field(
            "size", pa.int64()
        ),  # bytes in the source; more than `text` holds where a document was cut for its length
        *(pa.field(name, pa.string()) for name in ("url", "license", "meta", "charset")),
        *(
            pa.field(name, pa.string()) for name in ("reason", "detail")
        ),  # why the document cannot be used, and what was found
    ]
)


def raw_batch(columns: dict[str, Any], rows: int) -> pa.RecordBatch:
    """A batch of RAW columns out of arrays or lists; missing columns are null, ``size`` is that of the
    text."""
    arrays = {
        name: value if isinstance(value, pa.Array) else pa.array(value, RAW.field(name).type)
        for name, value in columns.items()
    }
    arrays.setdefault("size", pc.binary_length(arrays["text"]))
    filled = [
        arrays[field.name].cast(field.type) if field.name in arrays else pa.nulls(rows, field.type)
        for field in RAW
    ]
    return pa.RecordBatch.from_arrays(filled, schema=RAW)


def raw_row(key: str, text: bytes, **columns: Any) -> pa.RecordBatch:
    """A batch of one document."""
    return raw_batch({"key": [key], "text": [text], **{name: [value] for name, value in columns.items()}}, 1)


def json_string(text: str) -> str:
    """The text as a JSON string, quotes included."""
    return orjson.dumps(text).decode()


def names_found(names: Iterable[str]) -> str:
    """The names of fields or columns, for a reject's detail; the first ``MOST_NAMES`` of them."""
    shown = list(islice(names, MOST_NAMES + 1))
    return ", ".join([*shown[:MOST_NAMES], *(["..."] if len(shown) > MOST_NAMES else [])]) or "none"


def gather(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of at most MAX_ROWS rows and about MAX_BYTES bytes."""
    pending: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        for piece in _pieces(batch):
            if pending and (rows + piece.num_rows > MAX_ROWS or size + piece.nbytes > MAX_BYTES):
                yield pa.concat_batches(pending)
                pending, rows, size = [], 0, 0
            pending.append(piece)
            rows, size = rows + piece.num_rows, size + piece.nbytes
    if pending:
        yield pa.concat_batches(pending)


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    return (batch.slice(start, MAX_ROWS) for start in range(0, batch.num_rows, MAX_ROWS))
