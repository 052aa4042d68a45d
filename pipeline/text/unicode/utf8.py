"""Reading UTF-8 in kernels. Offsets are read as unsigned numbers, which spares numba the test for negative
ones: a fifth of the time."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import kernel

_1, _2, _3, _8, _16, _32 = (np.uint64(number) for number in (1, 2, 3, 8, 16, 32))


@kernel
def decode_at(data, at):  # type: ignore[no-untyped-def]
    """Code point (int64) that begins at a byte offset, and its width in bytes; the bytes must be valid
    UTF-8."""
    one = np.uint64(at)
    lead = np.int64(data[one])
    if lead < 0x80:
        return lead, 1
    point = (lead & 0x1F) << 6 | data[one + _1] & 0x3F
    if lead < 0xE0:
        return point, 2
    point = (point & 0x3FF) << 6 | data[one + _2] & 0x3F
    if lead < 0xF0:
        return point, 3
    return (point & 0x7FFF) << 6 | data[one + _3] & 0x3F, 4


@kernel
def four_at(data, at):  # type: ignore[no-untyped-def]
    """The four bytes from an offset on as a little-endian number, uint64; compiles to one load."""
    one = np.uint64(at)
    low = np.uint64(data[one]) | np.uint64(data[one + _1]) << _8
    return low | (np.uint64(data[one + _2]) | np.uint64(data[one + _3]) << _8) << _16


@kernel
def eight_at(data, at):  # type: ignore[no-untyped-def]
    """As ``four_at``, of eight bytes."""
    return four_at(data, at) | four_at(data, at + 4) << _32
