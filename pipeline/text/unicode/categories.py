"""Which code points are of a general category (Unicode, 4.5), or in given ranges."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from functools import cache

import numpy as np

SIZE = sys.maxunicode + 1

_ASSIGNED = (range(0x40000), range(0xE0000, 0xE1000))
_PRIVATE = ((0xF0000, 0xFFFFE), (0x100000, 0x10FFFE))


@cache
def _codes() -> np.ndarray:
    """uint8 [0x110000, 2]: the two letters of each category. Only the planes that have characters are asked
    for."""
    table = np.full((SIZE, 2), tuple(b"Cn"), np.uint8)
    for points in _ASSIGNED:
        names = "".join(map(unicodedata.category, map(chr, points)))
        table[points.start : points.stop] = np.frombuffer(names.encode(), np.uint8).reshape(-1, 2)
    for first, end in _PRIVATE:
        table[first:end] = tuple(b"Co")
    return table


def is_category(*names: str) -> np.ndarray:
    """bool [0x110000]: of one of these categories; a single letter stands for all that begin with it."""
    codes = _codes()
    found = np.zeros(SIZE, bool)
    for name in names:
        one = codes[:, 0] == ord(name[0])
        found |= one & (codes[:, 1] == ord(name[1])) if len(name) == 2 else one
    return found


def in_ranges(ranges: Iterable[tuple[int, int]]) -> np.ndarray:
    """bool [0x110000]: from the first to before the second of one of these pairs."""
    found = np.zeros(SIZE, bool)
    for begin, end in ranges:
        found[begin:end] = True
    return found
