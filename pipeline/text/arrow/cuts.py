"""Cutting bytes out of string arrays natively."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.kernel import kernel


@kernel
def unmark(spans: np.ndarray, keep: np.ndarray) -> None:
    """Sets ``keep`` (bool [bytes]) to False between first and end byte of every span (int64 [2, spans])."""
    for span in range(spans.shape[1]):
        keep[spans[0, span] : spans[1, span]] = False


@kernel
def _compact(data: np.ndarray, offsets: np.ndarray, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cut = np.empty(offsets[-1] - offsets[0], np.uint8)
    ends = np.zeros(offsets.size, np.int32)
    written = 0
    for row in range(offsets.size - 1):
        for position in range(offsets[row], offsets[row + 1]):
            cut[written] = data[position]
            written += keep[position]
        ends[row + 1] = written
    return cut[:written].copy(), ends


def cut(texts: pa.Array, keep: np.ndarray) -> pa.StringArray:
    """Texts without the bytes that are not marked.

    Args:
        texts: string [texts] of less than 2 GiB together.
        keep: bool, as long as the data buffer of ``text_buffers(texts)``; whole characters are marked or not.
    """
    offsets, data = text_buffers(texts)
    kept, ends = _compact(data, offsets, keep)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(kept))
