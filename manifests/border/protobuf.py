"""Protobuf's wire format: a message's fields by their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_FIXED = {1: 8, 5: 4}
_LONGEST = 10
"""Bytes of an integer."""


class NoMessageError(ValueError):
    """Bytes that are no message."""


def message_fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each field of a message: an integer, or bytes.

    Raises (from the iterator):
        NoMessageError: it is none.
    """
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind != 2 and kind not in _FIXED:
            raise NoMessageError(f"a field of type {kind}")
        size, at = _varint(data, at) if kind == 2 else (_FIXED[kind], at)
        if size > len(data) - at:
            raise NoMessageError("a field that goes on behind the end")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for byte in data[at : at + _LONGEST]:
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise NoMessageError("an integer without an end")
