"""The messages of Arrow IPC files and streams, by their metadata: how large they say their buffers are,
before one is decompressed.

A compressed buffer begins with its length, -1 where it is stored as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from manifests.border.flatbuffers import Table, UnreadableError, number, root
from pipeline.readers.expansion import check_expansion
from pipeline.readers.limits import DEFAULT, Limits

_MAGIC = b"ARROW1"
_DICTIONARY, _BATCH = 2, 3
_CONTINUED = 0xFFFFFFFF
_BLOCK, _BUFFER = 24, 16
_LONGEST, _FARTHEST = 1 << 26, 1 << 48


def blocks(stream: BinaryIO, size: int) -> tuple[list[int], list[int]]:
    """Offsets of a file's dictionaries and of its record batches, by its footer.

    Raises:
        UnreadableError: it has none.
    """
    tail = len(_MAGIC) + 4
    length = number(_read(stream, max(size - tail, 0), tail), 0, "i")
    data = _read(stream, size - tail - length, length)
    footer = root(data)
    dictionaries, batches = (
        [number(data, at, "q") for at in footer.structs(index, _BLOCK)] for index in (2, 3)
    )
    return dictionaries, batches


def check_message(stream: BinaryIO, at: int, limits: Limits = DEFAULT) -> tuple[int, int]:
    """The kind of the message at an offset, and where the next one is.

    Raises:
        pa.ArrowInvalid: its buffers expand to far more than text does.
        UnreadableError: there is none.
    """
    head = _read(stream, at, 8)
    length, begin = number(head, 0, "I"), at + 4
    if length == _CONTINUED:
        length, begin = number(head, 4, "I"), at + 8
    message = root(_read(stream, begin, length))
    kind, header, body = message.value(1, "B"), message.table(2), message.value(3, "q")
    if body < 0 or header is None:
        raise UnreadableError
    batch = header.table(1) if kind == _DICTIONARY else header
    if kind in (_DICTIONARY, _BATCH) and batch is not None and batch.table(3) is not None:
        expanded = sum(_expanded(stream, begin + length, batch))
        check_expansion("a record batch", expanded, body, limits)
    return kind, begin + length + body


def check_batches(stream: BinaryIO, at: int, limits: Limits = DEFAULT) -> Iterator[None]:
    """Checks a stream's messages from an offset on, as far as the next record batch at a time.

    Raises (from the iterator):
        pa.ArrowInvalid: what comes expands to far more than text does.
    """
    while True:
        try:
            kind, at = check_message(stream, at, limits)
        except UnreadableError:
            yield None
            return
        if kind == _BATCH:
            yield None


def _expanded(stream: BinaryIO, body: int, batch: Table) -> Iterator[int]:
    """Bytes of each buffer, decompressed."""
    for place in batch.structs(2, _BUFFER):
        offset, length = (number(batch.data, place + k, "q") for k in (0, 8))
        if length >= 8 and offset >= 0:
            told = number(_read(stream, body + offset, 8), 0, "q")
            yield length - 8 if told < 0 else told


def _read(stream: BinaryIO, at: int, length: int) -> bytes:
    if not 0 <= at <= _FARTHEST or not 0 < length <= _LONGEST:
        raise UnreadableError
    stream.seek(at)
    return bytes(stream.read(length))
