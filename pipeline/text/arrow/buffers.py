"""Arrow string arrays as the flat numpy arrays that kernels read: no copy, no Python string."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa


class TextBuffers(NamedTuple):
    """Document d is ``data[offsets[d]:offsets[d + 1]]``: UTF-8, valid because Arrow says so. A null document
    is empty.

    ``offsets`` int64 [documents + 1], ``data`` uint8 [bytes of the whole parent buffer]; both may be
    read-only views.
    """

    offsets: np.ndarray
    data: np.ndarray


def text_buffers(texts: pa.Array) -> TextBuffers:
    """Views of a string or large_string array, which may be a slice.

    Raises:
        TypeError: the array holds something else.
    """
    if pa.types.is_string(texts.type):
        width: np.dtype[np.signedinteger] = np.dtype(np.int32)
    elif pa.types.is_large_string(texts.type):
        width = np.dtype(np.int64)
    else:
        raise TypeError(f"expected strings, found {texts.type}")
    if texts.null_count:
        # The bytes under a null are undefined.
        texts = texts.fill_null("")
    _, offsets, data = texts.buffers()
    if len(texts) == 0 or offsets is None:
        return TextBuffers(np.zeros(len(texts) + 1, np.int64), np.empty(0, np.uint8))
    view = np.frombuffer(offsets, width, len(texts) + 1, texts.offset * width.itemsize)
    flat = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    # Kernels have one signature: offsets are widened (8 bytes a document), text is never copied.
    return TextBuffers(view.astype(np.int64), flat)
