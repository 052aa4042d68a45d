"""Documents out of record batches: what Parquet and Arrow files have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.sources import Source
from pipeline.readers.kept_fields import kept_names, meta_of
from pipeline.readers.raw_documents import names_found, raw_batch

# A batch of documents that became longer than this is halved, so that offsets of 32 bits suffice and memory
# stays bounded.
_MAX_BYTES = 1 << 26
DAMAGE = (pa.ArrowException, OSError)


def only_damage(error: Exception) -> None:
    """Raises an error again that is not one of the file's bytes, such as of a network: reading it another
    time may help."""
    if isinstance(error, OSError) and (type(error) is not OSError or error.errno is not None):
        raise error


def wanted_columns(source: Source, schema: pa.Schema) -> list[str] | None:
    """The columns to read; all of them (None) where there is no text column, as the rejects show what was
    found in its place."""
    index = schema.get_field_index(source.text_field)
    if index < 0 or not _is_text(schema.field(index).type):
        return None
    fields = (source.text_field, source.id_field, source.url_field, source.license_field)
    wanted = [*fields, *kept_names(source, schema.names)]
    return [name for name in dict.fromkeys(wanted) if schema.get_field_index(name) >= 0]


def documents(source: Source, batch: pa.RecordBatch, keys: pa.Array, limit: int) -> Iterator[pa.RecordBatch]:
    """The RAW batches of a record batch, whose documents are called ``keys``. Of a text longer than ``limit``
    bytes so many are kept."""
    if batch.num_rows > 1 and batch.nbytes > _MAX_BYTES:
        half = batch.num_rows // 2
        yield from documents(source, batch.slice(0, half), keys[:half], limit)
        yield from documents(source, batch.slice(half), keys[half:], limit)
        return
    index = batch.schema.get_field_index(source.text_field)
    if index < 0 or not _is_text(batch.schema.field(index).type):
        yield _without_text(source, batch, keys)
        return
    text = _binary(batch.column(index))
    size = pc.cast(pc.binary_length(text), pa.int64())
    missing = pc.is_null(text)
    if pc.any(missing, min_count=0).as_py():
        shown = pa.array(
            [_json(batch, row) if null else None for row, null in enumerate(missing.to_pylist())], text.type
        )
        text, size = pc.coalesce(text, shown), pc.fill_null(size, 0)
    null = pa.scalar(None, pa.string())
    yield raw_batch(
        {
            "key": keys,
            "text": pc.binary_slice(text, 0, limit) if pc.max(size).as_py() > limit else text,
            "size": size,
            "url": _strings(batch, source.url_field),
            "license": _strings(batch, source.license_field),
            "meta": _meta(source, batch),
            "reason": pc.if_else(missing, "missing_text", null),
            "detail": pc.if_else(missing, f"column {source.text_field!r} is null", null),
        },
        batch.num_rows,
    )


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    return any(test(kind) for test in tests + binary)


def _binary(column: pa.Array) -> pa.Array:
    """The column's bytes, not yet known to be UTF-8 (no reader of these formats checks), with offsets known
    to be sound.

    Raises:
        pa.ArrowInvalid: they are not.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    column = column.cast(pa.large_binary())
    column.validate(full=True)
    return column


def _without_text(source: Source, batch: pa.RecordBatch, keys: pa.Array) -> pa.RecordBatch:
    index = batch.schema.get_field_index(source.text_field)
    reason, detail = (
        "missing_text",
        f"no column {source.text_field!r}; found {names_found(batch.schema.names)}",
    )
    if index >= 0:
        reason, detail = (
            "text_not_a_string",
            f"column {source.text_field!r} is {batch.schema.field(index).type}, not a string; "
            f"found {names_found(batch.schema.names)}",
        )
    rows = batch.num_rows
    text = [_json(batch, row) for row in range(rows)]
    return raw_batch(
        {"key": keys, "text": text, "reason": pa.repeat(reason, rows), "detail": pa.repeat(detail, rows)},
        rows,
    )


def _json(batch: pa.RecordBatch, row: int) -> bytes:
    """A row as a line of JSON, to show in a reject."""
    return orjson.dumps(
        {name: _shown(batch.column(index)[row]) for index, name in enumerate(batch.schema.names)}, default=str
    )


def _shown(value: pa.Scalar) -> Any:
    try:
        return value.as_py()
    except (UnicodeDecodeError, ValueError, OverflowError, pa.ArrowException):
        return f"<unreadable {value.type}>"


def _strings(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column of strings; null where it is none, or none in UTF-8."""
    index = batch.schema.get_field_index(name)
    if index < 0 or not _is_text(batch.schema.field(index).type):
        return pa.nulls(batch.num_rows, pa.string())
    found = _binary(batch.column(index))
    try:
        return found.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([_utf8(value) for value in found.to_pylist()], pa.string())


def _utf8(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _meta(source: Source, batch: pa.RecordBatch) -> pa.Array:
    """``meta`` of each row."""
    names = [source.id_field, *kept_names(source, batch.schema.names)]
    columns = {name: _values(batch.column(name)) for name in names if batch.schema.get_field_index(name) >= 0}
    if not columns:
        return pa.nulls(batch.num_rows, pa.string())
    rows = zip(*columns.values(), strict=True)
    return pa.array([meta_of(source, dict(zip(columns, row, strict=True))) for row in rows], pa.string())


def _values(column: pa.Array) -> list[Any]:
    """A column's values, each checked before it is looked at; a text of unsound characters is told."""
    plain = _is_text(column.type) and not pa.types.is_dictionary(column.type)
    try:
        (column.cast(pa.large_binary()) if plain else column).validate(full=True)
    except pa.ArrowInvalid:
        return [f"<unreadable {column.type}>"] * len(column)
    return [_shown(value) for value in column]
