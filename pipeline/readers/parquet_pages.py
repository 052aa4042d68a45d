"""The pages of Parquet column chunks, by their headers: how large they say they are, before a page is
decompressed.

A header is a Thrift struct in the compact protocol (parquet.thrift, PageHeader): field 2 has the bytes of the
page, field 3 those that are stored.
"""

from __future__ import annotations

from typing import BinaryIO

import pyarrow.parquet as pq

from pipeline.readers.expansion import check_expansion

_PROBE, _LONGEST = 1 << 10, 1 << 24
_BYTES, _STORED = 2, 3
_STRUCT, _BINARY, _LISTS, _INTEGERS = 12, 8, (9, 10), (4, 5, 6)
_WIDTHS = {1: 0, 2: 0, 3: 1, 7: 8}
"""Bytes of booleans (which are in the header of their field, and take one in a list), bytes and doubles."""
_KINDS = {_STRUCT, _BINARY, *_LISTS, *_WIDTHS}
_DEEPEST = 16


class _UnreadableError(ValueError):
    """Not a struct of the compact protocol."""


def check_pages(stream: BinaryIO, group: pq.RowGroupMetaData, names: list[str] | None) -> None:
    """Before the pages of the columns called ``names`` (None: of all) are read. A header that cannot be read
    ends the check, as it will end the reading.

    Raises:
        pa.ArrowInvalid: a page expands to far more than text does.
    """
    for index in range(group.num_columns):
        column = group.column(index)
        if names is None or column.path_in_schema.split(".")[0] in names:
            _check_chunk(stream, column)


def _check_chunk(stream: BinaryIO, column: pq.ColumnChunkMetaData) -> None:
    at = column.data_page_offset
    if column.dictionary_page_offset:
        at = min(at, column.dictionary_page_offset)
    end = at + column.total_compressed_size
    while 0 <= at < end:
        header = _header(stream, at)
        if header is None:
            return
        size, bytes_, stored = header
        check_expansion(f"column {column.path_in_schema!r} has a page", bytes_, stored)
        at += size + stored


def _header(stream: BinaryIO, at: int) -> tuple[int, int, int] | None:
    """Bytes of the header at an offset, of its page and of what is stored of it; a header may have statistics
    that are long."""
    size = _PROBE
    while size <= _LONGEST:
        stream.seek(at)
        data = stream.read(size)
        try:
            fields: dict[int, int] = {}
            behind = _struct(data, 0, fields, 0)
            return (behind, fields[_BYTES], fields[_STORED]) if fields.get(_STORED, -1) >= 0 else None
        except IndexError:
            if len(data) < size:
                return None
            size *= 16
        except (_UnreadableError, KeyError):
            return None
    return None


def _struct(data: bytes, at: int, fields: dict[int, int], depth: int) -> int:
    """After the struct at an offset, whose integers become ``fields`` by id."""
    name = 0
    while data[at]:
        kind, step = data[at] & 15, data[at] >> 4
        name, at = (name + step, at + 1) if step else _integer(data, at + 1)
        if kind in _INTEGERS:
            fields[name], at = _integer(data, at)
        else:
            at = _behind(data, at, kind, depth)
    return at + 1


def _behind(data: bytes, at: int, kind: int, depth: int) -> int:
    """After a value of a field."""
    if depth > _DEEPEST or kind not in _KINDS:
        raise _UnreadableError
    if kind == _STRUCT:
        return _struct(data, at, {}, depth + 1)
    if kind == _BINARY:
        length, at = _varint(data, at)
        return at + length
    return _behind_list(data, at, depth + 1) if kind in _LISTS else at + _WIDTHS[kind]


def _behind_list(data: bytes, at: int, depth: int) -> int:
    number, kind = data[at] >> 4, data[at] & 15
    number, at = _varint(data, at + 1) if number == 15 else (number, at + 1)
    if kind in _WIDTHS:
        return at + number * max(_WIDTHS[kind], 1)
    for _ in range(number):
        at = _integer(data, at)[1] if kind in _INTEGERS else _behind(data, at, kind, depth)
    return at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 128:
            return value, at
        if shift > 63:
            raise _UnreadableError


def _integer(data: bytes, at: int) -> tuple[int, int]:
    """A zigzag integer, and where it ends."""
    value, at = _varint(data, at)
    return value >> 1 ^ -(value & 1), at
