"""Arrow's fixed-size binary columns (hashes, sketches) as numpy arrays, without a copy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def byte_rows(column: pa.FixedSizeBinaryArray) -> npt.NDArray[np.uint8]:
    """uint8 [rows, bytes of a value]; the column may be a slice."""
    width = column.type.byte_width
    size, start = width * len(column), width * column.offset
    return np.frombuffer(column.buffers()[1] or b"", np.uint8, size, start).reshape(-1, width)


def leading_uint64(column: pa.FixedSizeBinaryArray) -> npt.NDArray[np.uint64]:
    """The first 8 bytes of each value as a little-endian number: uint64 [rows]."""
    return byte_rows(column)[:, :8].copy().view("<u8")[:, 0]
