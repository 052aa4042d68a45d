"""The hash that a document's text is known by."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
import xxhash

from pipeline.text.arrow.buffers import text_buffers


def hashes(texts: pa.StringArray) -> pa.FixedSizeBinaryArray:
    """binary(16) [texts]: the xxh3-128 of each text's UTF-8, hashed in place."""
    offsets, data = text_buffers(texts)
    view = data.data
    digests = b"".join([xxhash.xxh3_128_digest(view[start:end]) for start, end in pairwise(offsets.tolist())])
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(texts), [None, pa.py_buffer(digests)])
