"""Chinese script and the look of program text, by counting code points."""

from __future__ import annotations

from functools import cache

import numba
import numpy as np
import pyarrow as pa

from pipeline.text.buffers import text_buffers
from pipeline.text.utf8 import decode_at

SIMPLIFIED = 1
TRADITIONAL = 2
_HAN = range(0x4E00, 0xA000)
_CODE_MARKS = b"(){}[];=_<>"


@cache
def script_table() -> np.ndarray:
    """uint8 [0x10000]: SIMPLIFIED for Han characters that GB 2312 has and Big5 lacks, TRADITIONAL for the reverse, 0 for the rest.

    The two national standards list one script each, so their difference tells the scripts apart.
    """
    table = np.zeros(0x10000, np.uint8)
    for point in _HAN:
        simplified, traditional = (_encodes(point, charset) for charset in ("gb2312", "big5"))
        if simplified != traditional:
            table[point] = SIMPLIFIED if simplified else TRADITIONAL
    table.flags.writeable = False
    return table


def _encodes(point: int, charset: str) -> bool:
    try:
        chr(point).encode(charset)
    except UnicodeEncodeError:
        return False
    return True


@numba.njit(cache=True, nogil=True)
def _count_scripts(offsets, data, table, out):  # type: ignore[no-untyped-def]
    for document in range(out.shape[0]):
        at, end = np.uint64(offsets[document]), np.uint64(offsets[document + 1])
        while at < end:
            point, width = decode_at(data, at)
            if point < np.uint64(0x10000):
                script = table[point]
                if script:
                    out[document, script - 1] += 1
            at += width


@numba.njit(cache=True, nogil=True)
def _share_of_marks(offsets, data, marks, out):  # type: ignore[no-untyped-def]
    for document in range(out.shape[0]):
        visible = 0
        found = 0
        for at in range(offsets[document], offsets[document + 1]):
            byte = data[at]
            visible += byte > 32
            found += marks[byte]
        out[document] = found / max(visible, 1)


def script_counts(texts: pa.Array) -> np.ndarray:
    """int64 [documents, 2]: Han characters that only Simplified, and that only Traditional text uses."""
    offsets, data = text_buffers(texts)
    out = np.zeros((len(texts), 2), np.int64)
    _count_scripts(offsets, data, script_table(), out)
    return out


def code_mark_share(texts: pa.Array) -> np.ndarray:
    """float64 [documents]: share of brackets, semicolons, equals signs and underscores in the bytes that are not white space."""
    offsets, data = text_buffers(texts)
    marks = np.zeros(256, np.uint8)
    marks[list(_CODE_MARKS)] = 1
    out = np.zeros(len(texts), np.float64)
    _share_of_marks(offsets, data, marks, out)
    return out
