"""Arrow's binary columns whose values all have one width (hashes, sketches) as numpy arrays, without a
copy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

HASH_BYTES = 16
"""The width of a hash, whose column does not tell it."""


def byte_rows(column: pa.FixedSizeBinaryArray | pa.BinaryArray) -> npt.NDArray[np.uint8]:
    """uint8 [rows, bytes of a value]; the column may be a slice. One of type ``binary`` holds hashes."""
    if pa.types.is_fixed_size_binary(column.type):
        width, data, first = column.type.byte_width, column.buffers()[1], column.offset
    else:
        width, data, first = HASH_BYTES, column.buffers()[2], _first_offset(column) // HASH_BYTES
    return np.frombuffer(data or b"", np.uint8, width * len(column), width * first).reshape(-1, width)


def _first_offset(column: pa.BinaryArray) -> int:
    offsets = column.buffers()[1]
    return int(np.frombuffer(offsets, np.int32)[column.offset]) if len(column) else 0


def leading_uint64(column: pa.FixedSizeBinaryArray | pa.BinaryArray) -> npt.NDArray[np.uint64]:
    """The first 8 bytes of each value as a little-endian number: uint64 [rows]."""
    return byte_rows(column)[:, :8].copy().view("<u8")[:, 0]
