"""The messages of Arrow IPC files and streams, by their metadata."""

from __future__ import annotations

from typing import BinaryIO

from manifests.border.flatbuffers import Table, UnreadableError, number, root

MAGIC = b"ARROW1"
DICTIONARY, BATCH = 2, 3
BLOCK, BUFFER = 24, 16
_CONTINUED = 0xFFFFFFFF
_TAIL = len(MAGIC) + 4
_LONGEST = 1 << 26
"""Bytes of metadata."""
_FARTHEST = 1 << 48
"""No file is so large, and no system seeks to any place."""


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
