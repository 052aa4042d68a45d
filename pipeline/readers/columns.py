"""Documents out of record batches: what Parquet and Arrow files have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.sources import Source
from pipeline.readers.json_values import NestedTooDeepError, shown
from pipeline.readers.kept_fields import kept_names, meta_of
from pipeline.readers.raw_documents import names_found, raw_batch

# A batch of documents that became longer than this is halved, so that offsets of 32 bits suffice and memory
# stays bounded.
_MAX_BYTES = 1 << 26
# A column's name that is not UTF-8 is found when Python asks for it.
DAMAGE = (pa.ArrowException, OSError, UnicodeDecodeError)
# The types of text, and those of the same buffers without a promise that they are UTF-8.
_BYTES = {
    pa.string(): pa.binary(),
    pa.large_string(): pa.large_binary(),
    pa.string_view(): pa.binary_view(),
    **{kind: kind for kind in (pa.binary(), pa.large_binary(), pa.binary_view())},
}


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
    if batch.num_rows > 1 and sum(map(_bytes, batch.columns)) > _MAX_BYTES:
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
        shown = pa.array(_json(batch, pc.indices_nonzero(missing)), text.type)
        text, size = pc.replace_with_mask(text, missing, shown), pc.fill_null(size, 0)
    null = pa.scalar(None, pa.string())
    meta, deep = _meta(source, batch)
    yield raw_batch(
        {
            "key": keys,
            "text": pc.binary_slice(text, 0, limit) if pc.max(size).as_py() > limit else text,
            "size": size,
            "url": _strings(batch, source.url_field),
            "license": _strings(batch, source.license_field),
            "meta": meta,
            "reason": pc.if_else(
                missing, "missing_text", pc.if_else(pc.is_valid(deep), "nested_too_deep", null)
            ),
            "detail": pc.if_else(missing, f"column {source.text_field!r} is null", deep),
        },
        batch.num_rows,
    )


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return kind in _BYTES


def _binary(column: pa.Array) -> pa.Array:
    """The column's bytes, not yet known to be UTF-8 (no reader of these formats checks), with offsets, views
    and indices known to be sound: nothing is read through them before.

    Raises:
        pa.ArrowException: they are not.
    """
    if pa.types.is_dictionary(column.type):
        return _binary(column.dictionary).take(_indices(column))
    return _sound(column).cast(pa.large_binary())


def _sound(column: pa.Array) -> pa.Array:
    """The bytes of a column of text that is no dictionary."""
    column.validate()
    found = pa.Array.from_buffers(_BYTES[column.type], len(column), column.buffers(), offset=column.offset)
    found.validate(full=True)
    return _without_views_of_nulls(found) if found.type == pa.binary_view() and found.null_count else found


def _without_views_of_nulls(column: pa.Array) -> pa.Array:
    """The same with empty views for nulls: nobody checks theirs, and a cast follows them all the same."""
    valid = column.is_valid()
    _, views, *data = column.buffers()
    kept = np.frombuffer(views, np.int32)[4 * column.offset : 4 * (column.offset + len(column))].reshape(
        -1, 4
    )
    kept = np.where(valid.to_numpy(zero_copy_only=False)[:, None], kept, np.int32(0))
    buffers = [valid.buffers()[1], pa.py_buffer(kept.tobytes()), *data]
    return pa.Array.from_buffers(column.type, len(column), buffers)


def _indices(column: pa.DictionaryArray) -> pa.Array:
    column.indices.validate(full=True)
    bounds, size = pc.min_max(column.indices), len(column.dictionary)
    if bounds["min"].is_valid and not 0 <= bounds["min"].as_py() <= bounds["max"].as_py() < size:
        raise pa.ArrowInvalid(f"a dictionary of {size} values has no {bounds}")
    return column.indices


def _bytes(column: pa.Array) -> int:
    """Bytes of a column, once each row of text has its own, of which dictionaries and views have one for
    many; none of one that is not sound, whose offsets are not to be followed."""
    try:
        if _is_text(column.type):
            return pc.sum(_lengths(column)).as_py() or 0
        column.validate(full=True)
        return int(column.nbytes)
    except pa.ArrowException:
        return 0


def _lengths(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return _lengths(column.dictionary).take(_indices(column))
    return pc.cast(pc.binary_length(_sound(column)), pa.int64())


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
    text = _json(batch)
    return raw_batch(
        {"key": keys, "text": text, "reason": pa.repeat(reason, rows), "detail": pa.repeat(detail, rows)},
        rows,
    )


def _json(batch: pa.RecordBatch, rows: pa.Array | None = None) -> list[bytes]:
    """Rows (all, by default) as lines of JSON, to show in rejects."""
    return [shown(row) for row in _rows(batch, batch.schema.names, rows)]


def _rows(batch: pa.RecordBatch, names: Iterable[str], rows: pa.Array | None) -> Iterator[dict[str, Any]]:
    columns = {name: _values(batch.column(batch.schema.get_field_index(name)), rows) for name in names}
    if not columns:
        return ({} for _ in range(batch.num_rows if rows is None else len(rows)))
    return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))


def _values(column: pa.Array, rows: pa.Array | None) -> list[Any]:
    """A column's values, which is checked before they are looked at; one that is not sound is told."""
    try:
        if _is_text(column.type):
            _binary(column)
        else:
            column.validate(full=True)
    except pa.ArrowException:
        return [f"<unreadable {column.type}>"] * (len(column) if rows is None else len(rows))
    # One by one, for views cannot be taken.
    return [_shown(column[row]) for row in (range(len(column)) if rows is None else rows.to_pylist())]


def _shown(value: pa.Scalar) -> Any:
    try:
        return value.as_py()
    except (UnicodeDecodeError, ValueError, OverflowError, pa.ArrowException):
        return f"<unreadable {value.type}>"


def _strings(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column of strings; null where it is none, not sound, or none in UTF-8."""
    index = batch.schema.get_field_index(name)
    if index < 0 or not _is_text(batch.schema.field(index).type):
        return pa.nulls(batch.num_rows, pa.string())
    try:
        found = _binary(batch.column(index))
    except pa.ArrowException:
        return pa.nulls(batch.num_rows, pa.string())
    try:
        return found.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([_utf8(value) for value in found.to_pylist()], pa.string())


def _utf8(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _meta(source: Source, batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
    """``meta`` of each row, and what is wrong with it: null but where its values are nested too deep."""
    wanted = dict.fromkeys([source.id_field, *kept_names(source, batch.schema.names)])
    names = [name for name in wanted if batch.schema.get_field_index(name) >= 0]
    if not names:
        return pa.nulls(batch.num_rows, pa.string()), pa.nulls(batch.num_rows, pa.string())
    found = [_meta_or_error(source, row) for row in _rows(batch, names, None)]
    return pa.array([meta for meta, _ in found], pa.string()), pa.array(
        [why for _, why in found], pa.string()
    )


def _meta_or_error(source: Source, row: dict[str, Any]) -> tuple[str | None, str | None]:
    try:
        return meta_of(source, row), None
    except NestedTooDeepError as error:
        return None, str(error)
