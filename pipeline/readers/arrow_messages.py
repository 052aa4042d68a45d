"""The messages of Arrow IPC files and streams, by their metadata: how large they say their buffers are,
before one is decompressed.

Metadata are FlatBuffers (Message.fbs, File.fbs): a table's fields are found by the offsets in its vtable. A
compressed buffer begins with its length, -1 where it is stored as it is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pipeline.readers.expansion import check_expansion
from pipeline.readers.limits import DEFAULT, Limits

_MAGIC = b"ARROW1"
_DICTIONARY, _BATCH = 2, 3
_CONTINUED = 0xFFFFFFFF
_BLOCK, _BUFFER = 24, 16
_LONGEST = 1 << 26


class UnreadableError(ValueError):
    """Metadata that are none; whoever reads the file will say so."""


@dataclass(frozen=True)
class _Table:
    data: bytes
    at: int

    def value(self, index: int, form: str, default: int = 0) -> int:
        """The number in a field."""
        place = self._place(index)
        return default if place is None else _number(self.data, place, form)

    def table(self, index: int) -> _Table | None:
        place = self._place(index)
        return None if place is None else _Table(self.data, place + _number(self.data, place, "I"))

    def structs(self, index: int, size: int) -> list[int]:
        """Where the structs of a vector are."""
        vector = self.table(index)
        if vector is None:
            return []
        number = _number(self.data, vector.at, "I")
        if number * size > len(self.data):
            raise UnreadableError
        return [vector.at + 4 + size * k for k in range(number)]

    def _place(self, index: int) -> int | None:
        vtable, field = self.at - _number(self.data, self.at, "i"), 4 + 2 * index
        if field >= _number(self.data, vtable, "H"):
            return None
        offset = _number(self.data, vtable + field, "H")
        return self.at + offset if offset else None


def _number(data: bytes, at: int, form: str) -> int:
    if not 0 <= at <= len(data) - struct.calcsize(form):
        raise UnreadableError
    return int(struct.unpack_from(f"<{form}", data, at)[0])


def blocks(stream: BinaryIO, size: int) -> tuple[list[int], list[int]]:
    """Offsets of a file's dictionaries and of its record batches, by its footer.

    Raises:
        UnreadableError: it has none.
    """
    tail = len(_MAGIC) + 4
    length = _number(_read(stream, max(size - tail, 0), tail), 0, "i")
    data = _read(stream, size - tail - length, length)
    footer = _root(data)
    dictionaries, batches = (
        [_number(data, at, "q") for at in footer.structs(index, _BLOCK)] for index in (2, 3)
    )
    return dictionaries, batches


def check_message(stream: BinaryIO, at: int, limits: Limits = DEFAULT) -> tuple[int, int]:
    """The kind of the message at an offset, and where the next one is.

    Raises:
        pa.ArrowInvalid: its buffers expand to far more than text does.
        UnreadableError: there is none.
    """
    head = _read(stream, at, 8)
    length, begin = _number(head, 0, "I"), at + 4
    if length == _CONTINUED:
        length, begin = _number(head, 4, "I"), at + 8
    message = _root(_read(stream, begin, length))
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


def _expanded(stream: BinaryIO, body: int, batch: _Table) -> Iterator[int]:
    """Bytes of each buffer, decompressed."""
    for place in batch.structs(2, _BUFFER):
        offset, length = (_number(batch.data, place + k, "q") for k in (0, 8))
        if length >= 8 and offset >= 0:
            told = _number(_read(stream, body + offset, 8), 0, "q")
            yield length - 8 if told < 0 else told


def _root(data: bytes) -> _Table:
    return _Table(data, _number(data, 0, "I"))


def _read(stream: BinaryIO, at: int, length: int) -> bytes:
    if at < 0 or not 0 < length <= _LONGEST:
        raise UnreadableError
    stream.seek(at)
    return bytes(stream.read(length))
