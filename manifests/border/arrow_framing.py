"""Where the record batches of an Arrow file of a run lie, and whether their buffers do.

Ours are neither compressed nor dictionaries, so that none asks for more memory than the file has bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from manifests.border.flatbuffers import Table, UnreadableError, number, root
from manifests.border.unsound_file import UnsoundFileError, check

MAGIC = b"ARROW1"
DICTIONARY, BATCH = 2, 3
BLOCK, BUFFER = 24, 16
_CONTINUED = 0xFFFFFFFF
_TAIL = len(MAGIC) + 4
_LONGEST = 1 << 28
"""Bytes of metadata."""
_FARTHEST = 1 << 48
"""No file is so large, and no system seeks to any place."""


def check_framing(path: Path) -> None:
    """Of a file that a run's steps write.

    Raises:
        UnsoundFileError: the file is no Arrow file, is cut, or has buffers outside of it, compressed ones or
            dictionaries.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            _check(file, size, path)
        except UnreadableError:
            raise UnsoundFileError("is no whole Arrow file", where=path) from None


def _check(file: BinaryIO, size: int, path: Path) -> None:
    if read(file, 0, len(MAGIC)) != MAGIC or read(file, size - len(MAGIC), len(MAGIC)) != MAGIC:
        raise UnreadableError
    dictionaries, batches = blocks(file, size)
    check(not dictionaries, path, "has dictionaries, which no step writes")
    for offset in batches:
        kind, header, begin, body = message(file, offset)
        check(kind == BATCH and header is not None, path, f"has no record batch at byte {offset}")
        check(0 <= body <= size - begin, path, f"the record batch at byte {offset} leads out of the file")
        assert header is not None
        check(header.table(3) is None, path, "is compressed, as no step writes it")
        for place in header.structs(2, BUFFER):
            at, length = (number(header.data, place + k, "q") for k in (0, 8))
            inside = 0 <= at <= body and 0 <= length <= body - at
            check(inside, path, f"a buffer of the record batch at byte {offset} leads out of it")


def blocks(file: BinaryIO, size: int) -> tuple[list[int], list[int]]:
    """Offsets of a file's dictionaries and of its record batches, by its footer.

    Raises:
        UnreadableError: it has none.
    """
    length = number(read(file, max(size - _TAIL, 0), _TAIL), 0, "i")
    data = read(file, size - _TAIL - length, length)
    footer = root(data)
    dictionaries, batches = (
        [number(data, at, "q") for at in footer.structs(index, BLOCK)] for index in (2, 3)
    )
    return dictionaries, batches


def message(file: BinaryIO, at: int) -> tuple[int, Table | None, int, int]:
    """The message at an offset: its kind, its header, where its body begins and how long that says it is.

    Raises:
        UnreadableError: there is none.
    """
    head = read(file, at, 8)
    length, begin = number(head, 0, "I"), at + 4
    if length == _CONTINUED:
        length, begin = number(head, 4, "I"), at + 8
    found = root(read(file, begin, length))
    return found.value(1, "B"), found.table(2), begin + length, found.value(3, "q")


def read(file: BinaryIO, at: int, length: int) -> bytes:
    """Bytes of a file, fewer where it ends.

    Raises:
        UnreadableError: there is no such place, or they are too many for metadata.
    """
    if not 0 <= at <= _FARTHEST or not 0 < length <= _LONGEST:
        raise UnreadableError
    file.seek(at)
    return bytes(file.read(length))
