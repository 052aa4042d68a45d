"""The general category (Unicode, 4.5) of every code point, as an array."""

from __future__ import annotations

import sys
import unicodedata
from functools import cache

import numpy as np

SIZE = sys.maxunicode + 1

_ASSIGNED = (range(0x40000), range(0xE0000, 0xE1000))
_PRIVATE = ((0xF0000, 0xFFFFE), (0x100000, 0x10FFFE))


@cache
def categories() -> np.ndarray:
    """S2 [0x110000]: ``b"Lu"`` and so on. The array is shared; it is read-only. Only the planes that have characters are asked for."""
    table = np.full(SIZE, b"Cn", "S2")
    for points in _ASSIGNED:
        names = "".join(map(unicodedata.category, map(chr, points)))
        table[points.start : points.stop] = np.frombuffer(names.encode(), "S2")
    for first, end in _PRIVATE:
        table[first:end] = b"Co"
    table.flags.writeable = False
    return table


def is_category(*names: str) -> np.ndarray:
    """bool [0x110000]: of one of these categories; a single letter stands for all that begin with it."""
    table = categories()
    first = table.view("S1")[::2]
    found = np.zeros(SIZE, bool)
    for name in names:
        found |= (first if len(name) == 1 else table) == name.encode()
    return found
