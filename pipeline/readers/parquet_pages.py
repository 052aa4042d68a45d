"""The column chunks of a Parquet file by its footer, and their pages by their headers: how large they say
they are, before a page is decompressed.

Fields have the numbers of parquet.thrift. pyarrow's own objects for chunks are not asked, for some damage of
a footer ends the process there.
"""

from __future__ import annotations

import struct
from typing import Any, BinaryIO, NamedTuple

from pipeline.readers.expansion import check_expansion
from pipeline.readers.limits import DEFAULT, Limits
from pipeline.readers.thrift import NoThriftError, integer, read_struct

_TAIL = struct.Struct("<I4s")
_PROBE, _LONGEST = 1 << 10, 1 << 24
_ROW_GROUPS, _COLUMNS, _GROUP_BYTES, _METADATA = 4, 1, 2, 3
_PATH, _CHUNK_BYTES, _CHUNK_STORED, _DATA, _DICTIONARY = 3, 6, 7, 9, 11
_PAGE_BYTES, _PAGE_STORED = 2, 3


class Chunk(NamedTuple):
    """A column of a row group: its name, with those of what it is in, its bytes decompressed, and where it
    is."""

    path: tuple[str, ...]
    size: int
    start: int
    end: int


class RowGroup(NamedTuple):
    """Bytes of all columns, decompressed, and these."""

    size: int
    chunks: list[Chunk]


def row_groups_of(stream: BinaryIO) -> list[RowGroup]:
    """The row groups of a file; none where its footer cannot be read, as whoever reads the file will tell."""
    end = stream.seek(0, 2)
    if end < _TAIL.size:
        return []
    stream.seek(end - _TAIL.size)
    length, _ = _TAIL.unpack(stream.read(_TAIL.size))
    if length > end - _TAIL.size:
        return []
    stream.seek(end - _TAIL.size - length)
    try:
        footer, _ = read_struct(stream.read(length))
        return [
            RowGroup(integer(one, _GROUP_BYTES), [_chunk(each[_METADATA]) for each in one[_COLUMNS]])
            for one in footer[_ROW_GROUPS]
        ]
    except (NoThriftError, IndexError, KeyError, TypeError, AttributeError):
        return []


def _chunk(found: dict[int, Any]) -> Chunk:
    start = integer(found, _DATA)
    if found.get(_DICTIONARY):
        start = min(start, integer(found, _DICTIONARY))
    path = tuple(name.decode(errors="replace") for name in found[_PATH]) or ("",)
    return Chunk(path, integer(found, _CHUNK_BYTES), start, start + integer(found, _CHUNK_STORED))


def check_pages(stream: BinaryIO, group: RowGroup, names: list[str] | None, limits: Limits = DEFAULT) -> None:
    """Before the pages of the columns called ``names`` (None: of all) are read. A header that cannot be read
    ends the check, as it will end the reading.

    Raises:
        pa.ArrowInvalid: a page expands to far more than text does.
    """
    for chunk in group.chunks:
        if names is None or chunk.path[0] in names:
            _check_chunk(stream, chunk, limits)


def _check_chunk(stream: BinaryIO, chunk: Chunk, limits: Limits) -> None:
    at = chunk.start
    while 0 <= at < chunk.end:
        header = _header(stream, at)
        if header is None:
            return
        size, bytes_, stored = header
        check_expansion(f"column {'.'.join(chunk.path)!r} has a page", bytes_, stored, limits)
        at += size + stored


def _header(stream: BinaryIO, at: int) -> tuple[int, int, int] | None:
    """Bytes of the header at an offset, of its page and of what is stored of it; a header may have statistics
    that are long."""
    size = _PROBE
    while size <= _LONGEST:
        stream.seek(at)
        data = stream.read(size)
        try:
            fields, behind = read_struct(data)
            stored = integer(fields, _PAGE_STORED)
            return (behind, integer(fields, _PAGE_BYTES), stored) if stored >= 0 else None
        except IndexError:
            if len(data) < size:
                return None
            size *= 16
        except NoThriftError:
            return None
    return None
