"""FlatBuffers, in which Arrow's metadata are written (Message.fbs, File.fbs): a table's fields are found by
the offsets in its vtable. Nothing outside of the bytes is read."""

from __future__ import annotations

import struct
from dataclasses import dataclass


class UnreadableError(ValueError):
    """Metadata that are none; whoever reads the file will say so."""


@dataclass(frozen=True)
class Table:
    """The table at a place in some bytes."""

    data: bytes
    at: int

    def value(self, index: int, form: str, default: int = 0) -> int:
        """The number in a field."""
        place = self._place(index)
        return default if place is None else number(self.data, place, form)

    def table(self, index: int) -> Table | None:
        """The table in a field, if it is there."""
        place = self._place(index)
        return None if place is None else Table(self.data, place + number(self.data, place, "I"))

    def structs(self, index: int, size: int) -> list[int]:
        """Where the structs of a vector are, each of ``size`` bytes."""
        vector = self.table(index)
        if vector is None:
            return []
        count = number(self.data, vector.at, "I")
        if vector.at + 4 + count * size > len(self.data):
            raise UnreadableError
        return [vector.at + 4 + size * k for k in range(count)]

    def _place(self, index: int) -> int | None:
        vtable, field = self.at - number(self.data, self.at, "i"), 4 + 2 * index
        if field >= number(self.data, vtable, "H"):
            return None
        offset = number(self.data, vtable + field, "H")
        return self.at + offset if offset else None


def number(data: bytes, at: int, form: str) -> int:
    """The little-endian number at a place, ``form`` as in ``struct``.

    Raises:
        UnreadableError: the place is outside of the data.
    """
    if not 0 <= at <= len(data) - struct.calcsize(form):
        raise UnreadableError
    return int(struct.unpack_from(f"<{form}", data, at)[0])


def root(data: bytes) -> Table:
    """The outermost table."""
    return Table(data, number(data, 0, "I"))
