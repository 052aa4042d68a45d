"""Structs of Thrift's compact protocol, as Parquet's metadata are written in. A struct becomes a dict by the
ids of its fields, a list a list, a string bytes."""

from __future__ import annotations

from typing import Any

_STRUCT, _BINARY, _LISTS, _INTEGERS, _BOOLEANS = 12, 8, (9, 10), (4, 5, 6), (1, 2)
_WIDTHS = {3: 1, 7: 8}
"""Bytes of bytes and doubles."""
_DEEPEST = 16


class NoThriftError(ValueError):
    """Not a struct of the compact protocol."""


def read_struct(data: bytes, at: int = 0, depth: int = 0) -> tuple[dict[int, Any], int]:
    """The struct at an offset, and where it ends.

    Raises:
        NoThriftError: there is none.
        IndexError: it goes on behind the data.
    """
    fields: dict[int, Any] = {}
    name = 0
    while data[at]:
        kind, step = data[at] & 15, data[at] >> 4
        name, at = (name + step, at + 1) if step else _integer(data, at + 1)
        if kind in _BOOLEANS:
            fields[name] = kind == _BOOLEANS[0]
        else:
            fields[name], at = _value(data, at, kind, depth)
    return fields, at + 1


def integer(fields: dict[int, Any], name: int) -> int:
    """A field that has to be an integer.

    Raises:
        NoThriftError: it is none.
    """
    value = fields.get(name)
    if type(value) is not int:
        raise NoThriftError(f"field {name} is no integer")
    return value


def _value(data: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    if depth > _DEEPEST:
        raise NoThriftError("too deep")
    if kind in _INTEGERS:
        return _integer(data, at)
    if kind == _STRUCT:
        return read_struct(data, at, depth + 1)
    if kind in _LISTS:
        return _list(data, at, depth + 1)
    if kind == _BINARY:
        width, at = _varint(data, at)
    elif kind in _WIDTHS:
        width = _WIDTHS[kind]
    else:
        raise NoThriftError(f"type {kind}")
    if at + width > len(data):
        raise IndexError
    return data[at : at + width], at + width


def _list(data: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    number, kind = data[at] >> 4, data[at] & 15
    number, at = _varint(data, at + 1) if number == 15 else (number, at + 1)
    found = []
    for _ in range(number):
        value, at = (data[at], at + 1) if kind in _BOOLEANS else _value(data, at, kind, depth)
        found.append(value)
    return found, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if not byte & 128:
            return value, at
        if shift > 63:
            raise NoThriftError("an endless integer")


def _integer(data: bytes, at: int) -> tuple[int, int]:
    """A zigzag integer, and where it ends."""
    value, at = _varint(data, at)
    return value >> 1 ^ -(value & 1), at
