"""Reading UTF-8 in kernels."""

from __future__ import annotations

import numba
import numpy as np


_1, _2, _3, _6, _12, _18 = (np.uint64(number) for number in (1, 2, 3, 6, 12, 18))
_LOW_6, _LOW_5, _LOW_4, _LOW_3 = (np.uint64(mask) for mask in (0x3F, 0x1F, 0x0F, 0x07))
_TWO, _THREE, _FOUR = (np.uint64(lead) for lead in (0x80, 0xE0, 0xF0))


@numba.njit(cache=True, nogil=True)
def _byte(data, at):  # type: ignore[no-untyped-def]
    return np.uint64(data[at])


@numba.njit(cache=True, nogil=True)
def decode_at(data, at):  # type: ignore[no-untyped-def]
    """Code point that begins at a byte offset, and its width in bytes; the bytes must be valid UTF-8.

    All numbers are uint64: an index that cannot be negative needs no check.
    """
    lead = _byte(data, at)
    if lead < _TWO:
        return lead, _1
    second = _byte(data, at + _1) & _LOW_6
    if lead < _THREE:
        return (lead & _LOW_5) << _6 | second, _2
    third = _byte(data, at + _2) & _LOW_6
    if lead < _FOUR:
        return (lead & _LOW_4) << _12 | second << _6 | third, _3
    return (lead & _LOW_3) << _18 | second << _12 | third << _6 | _byte(data, at + _3) & _LOW_6, _3 + _1
