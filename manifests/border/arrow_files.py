"""Arrow IPC files of run folders, memory-mapped: framing, types and every value checked before a row is given
out, once a file in a process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_framing import check_framing
from manifests.border.file_state import FileState, state_of
from manifests.border.unsound_file import UnsoundFileError, check, sound_copy

HASH_BYTES = 16
ANY = pa.schema([])


def read_batches(path: Path, wanted: pa.Schema = ANY, optional: pa.Schema = ANY) -> Iterator[pa.RecordBatch]:
    """Record batches with rows; their buffers are views of the file.

    Args:
        wanted: columns that have to be there, with their types; those of ``optional`` only must not have
            others. There may be more columns.

    Raises:
        UnsoundFileError: the file is not sound.
    """
    with sound_copy(path) as here:
        state = state_of(here)
        _check_file(here, state, wanted, optional)
        with _opened(here) as reader:
            for index in range(reader.num_record_batches):
                batch = _batch(here, reader, index)
                if batch.num_rows:
                    _check_batch(here, state, index, batch, wanted)
                    yield batch


def open_table(
    path: Path,
    wanted: pa.Schema = ANY,
    columns: Sequence[str] | None = None,
    optional: pa.Schema = ANY,
) -> pa.Table:
    """The same as a table of these columns (None: of all); the others are not touched."""
    with sound_copy(path) as here:
        return _table(here, wanted, columns, optional)


def _table(path: Path, wanted: pa.Schema, columns: Sequence[str] | None, optional: pa.Schema) -> pa.Table:
    state = state_of(path)
    _check_file(path, state, wanted, optional)
    with _opened(path) as reader:
        schema = reader.schema
        batches = [_batch(path, reader, index) for index in range(reader.num_record_batches)]
    table = [batch for batch in batches if batch.num_rows]
    if columns is not None:
        schema = pa.schema([schema.field(name) for name in columns])
        table = [batch.select(columns) for batch in table]
    for index, batch in enumerate(table):
        _check_batch(path, state, (index, None if columns is None else tuple(columns)), batch, wanted)
    return pa.Table.from_batches(table, schema)


def row_count(path: Path) -> int:
    """Rows of a file; no column is touched.

    Raises:
        UnsoundFileError: the file is no Arrow file.
    """
    with sound_copy(path) as here:
        _check_framed(here, state_of(here))
        with _opened(here) as reader:
            return sum(_batch(here, reader, index).num_rows for index in range(reader.num_record_batches))


def schema_of(path: Path, wanted: pa.Schema) -> pa.Schema:
    """The schema of a file with these columns."""
    with sound_copy(path) as here:
        _check_file(here, state_of(here), wanted, ANY)
        with _opened(here) as reader:
            return reader.schema


@contextmanager
def _opened(path: Path) -> Iterator[pa.RecordBatchFileReader]:
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        yield reader


def _batch(path: Path, reader: pa.RecordBatchFileReader, index: int) -> pa.RecordBatch:
    try:
        return reader.get_batch(index)
    except (pa.ArrowException, OSError) as error:
        raise UnsoundFileError(f"record batch {index}: {_line(error)}", where=path) from None


@lru_cache(maxsize=1 << 14)
def _check_framed(path: Path, state: FileState) -> None:
    check_framing(path)
    try:
        with _opened(path) as reader:
            names = reader.schema.names
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UnsoundFileError(f"is no whole Arrow file ({_line(error)})", where=path) from None
    check(len(set(names)) == len(names), path, "has two columns of one name")


@lru_cache(maxsize=1 << 14)
def _check_file(path: Path, state: FileState, wanted: pa.Schema, optional: pa.Schema) -> None:
    _check_framed(path, state)
    with _opened(path) as reader:
        found = reader.schema
    for field in wanted:
        check(field.name in found.names, path, f"has no column {field.name!r}")
    for field in (*wanted, *optional):
        if field.name in found.names:
            kind = found.field(field.name).type
            check(_fits(kind, field.type), path, f"column {field.name!r} is {kind}, not {field.type}")


def _fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    """A struct may have other fields than those that are known."""
    if wanted == pa.binary() and found == pa.binary(HASH_BYTES):
        return True
    if not pa.types.is_struct(wanted) or not pa.types.is_struct(found):
        return bool(found == wanted)
    known = {field.name: field.type for field in wanted}
    return all(_fits(field.type, known.get(field.name, field.type)) for field in found)


_checked = lru_cache(maxsize=1 << 16)(lambda *key: [])
"""Of a batch of a file, by its path, state and number: empty until it has been found sound."""


def _check_batch(
    path: Path, state: FileState, number: object, batch: pa.RecordBatch, wanted: pa.Schema
) -> None:
    sound = _checked(path, state, number, wanted)
    if sound:
        return
    try:
        batch.validate(full=True)
    except pa.ArrowException as error:
        raise UnsoundFileError(_line(error), where=path) from None
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        place = wanted.get_field_index(name)
        if place >= 0 and not wanted.field(place).nullable:
            check(column.null_count == 0, path, f"column {name!r} has nulls")
        if pa.types.is_list(column.type) and pa.types.is_primitive(column.type.value_type):
            check(column.values.null_count == 0, path, f"column {name!r} has nulls in its lists")
        if name == "hash" and column.type == pa.binary():
            sizes = pc.min_max(pc.binary_length(column)).as_py()
            check(set(sizes.values()) <= {HASH_BYTES, None}, path, "has hashes that are not of 16 bytes")
    sound.append(True)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
