"""The hash that a document's text is known by."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import xxhash

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.fixed_width import HASH_BYTES


def hashes(texts: pa.StringArray) -> pa.BinaryArray:
    """binary [texts] of 16 bytes each: the xxh3-128 of each text's UTF-8, hashed in place."""
    offsets, data = text_buffers(texts)
    view = data.data
    digests = b"".join([xxhash.xxh3_128_digest(view[start:end]) for start, end in pairwise(offsets.tolist())])
    borders = HASH_BYTES * np.arange(len(texts) + 1, dtype=np.int32)
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(texts), [None, pa.py_buffer(borders), pa.py_buffer(digests)]
    )
