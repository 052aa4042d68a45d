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


@kernel
def _gather(data: np.ndarray, spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ends = np.zeros(spans.shape[1] + 1, np.int32)
    for span in range(spans.shape[1]):
        ends[span + 1] = ends[span] + spans[1, span] - spans[0, span]
    copied = np.empty(ends[-1], np.uint8)
    for span in range(spans.shape[1]):
        copied[ends[span] : ends[span + 1]] = data[spans[0, span] : spans[1, span]]
    return copied, ends


def pieces(texts: pa.Array, spans: np.ndarray) -> pa.StringArray:
    """The text between first and end byte of each span.

    Args:
        texts: string [texts].
        spans: int64 [2, spans] of less than 2 GiB together, in the buffer of ``text_buffers(texts)``, from
            and to whole characters.
    """
    copied, ends = _gather(text_buffers(texts).data, np.ascontiguousarray(spans))
    return pa.StringArray.from_buffers(spans.shape[1], pa.py_buffer(ends), pa.py_buffer(copied))


def cut(texts: pa.Array, keep: np.ndarray) -> pa.StringArray:
    """Texts without the bytes that are not marked.

    Args:
        texts: string [texts] of less than 2 GiB together.
        keep: bool, as long as the data buffer of ``text_buffers(texts)``; whole characters are marked or not.
    """
    offsets, data = text_buffers(texts)
    kept, ends = _compact(data, offsets, keep)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(kept))
