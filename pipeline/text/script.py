"""Chinese script and the look of program text, by counting code points."""

from __future__ import annotations

import string
from functools import cache

import numba
import numpy as np
import pyarrow as pa

from pipeline.text.buffers import text_buffers

SIMPLIFIED = 1
TRADITIONAL = 2
_HAN = range(0x4E00, 0xA000)
_CODE_MARKS = b"(){}[];=_<>"
_LETTER, _MARK, _SPACE, _WIDE = 1, 2, 3, 4


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
    """The characters of the table are three bytes wide, and begin with 0xE4 to 0xE9."""
    for document in range(out.shape[0]):
        at, end = offsets[document], offsets[document + 1]
        while at < end:
            lead = data[at]
            if lead < 0xE4 or lead > 0xE9:
                at += 1
                continue
            script = table[(lead & 0x0F) << 12 | (data[at + 1] & 0x3F) << 6 | data[at + 2] & 0x3F]
            if script:
                out[document, script - 1] += 1
            at += 3


@numba.njit(cache=True, nogil=True)
def _count_marks(offsets, data, kinds, out):  # type: ignore[no-untyped-def]
    for document in range(out.shape[0]):
        visible = marks = prose = 0
        before = last = 0
        for at in range(offsets[document], offsets[document + 1]):
            kind = kinds[data[at]]
            visible += data[at] > 32
            marks += kind == _MARK
            prose += kind == _WIDE or (kind == _LETTER and last == _SPACE and before == _LETTER)
            before, last = last, kind
        out[document, 0] = marks / max(visible, 1)
        out[document, 1] = prose / max(visible, 1)


def script_counts(texts: pa.Array) -> np.ndarray:
    """int64 [documents, 2]: Han characters that only Simplified, and that only Traditional text uses."""
    offsets, data = text_buffers(texts)
    out = np.zeros((len(texts), 2), np.int64)
    _count_scripts(offsets, data, script_table(), out)
    return out


def code_marks(texts: pa.Array) -> np.ndarray:
    """float64 [documents, 2]: marks of program text (brackets, semicolons, equals signs, underscores), and marks of prose (single spaces
    between letters, and characters of three bytes), for each byte that is not white space."""
    offsets, data = text_buffers(texts)
    out = np.zeros((len(texts), 2), np.float64)
    _count_marks(offsets, data, _kinds(), out)
    return out


@cache
def _kinds() -> np.ndarray:
    """uint8 [256]: what a byte of UTF-8 tells."""
    kinds = np.zeros(256, np.uint8)
    kinds[list(string.ascii_letters.encode())] = _LETTER
    kinds[list(_CODE_MARKS)] = _MARK
    kinds[ord(" ")] = _SPACE
    kinds[0xE0:0xF0] = _WIDE
    kinds.flags.writeable = False
    return kinds
