"""What in a text may need repair, told by one pass over its bytes, so that nearly all texts are spared the
costly tests."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.kernel import kernel
from pipeline.text.unicode.categories import SIZE, in_ranges, is_category
from pipeline.text.unicode.utf8 import decode_at, eight_at

LINE_END, CONTROL, NOT_ASCII, MAYBE_MOJIBAKE, MAYBE_NOT_NFC, C1, BROKEN, SPACE_MARK = (
    1 << bit for bit in range(8)
)
LEAST_MOJIBAKE = 3
"""One or two of its leads can be honest text."""

_CONTROLS = ((0x00, 0x09), (0x0B, 0x0D), (0x0E, 0x20), (0x7F, 0x80), (0xFEFF, 0xFF00), (0xFFFE, 0xFFFF))
_C1 = ((0x80, 0xA0),)
_MOJIBAKE_LEADS = "ÂÃâäåæçèé"
# Beside marks: conjoining jamo, and letters with a canonical mapping of their own (UAX 15, NFC_Quick_Check).
_NOT_NFC = (
    (0x374, 0x375),
    (0x37E, 0x37F),
    (0x387, 0x388),
    (0x958, 0x960),
    (0x9DC, 0x9E0),
    (0xA33, 0xA5F),
    (0xB5C, 0xB5E),
    (0xF43, 0xF6A),
    (0x1161, 0x11C3),
    (0x1F71, 0x1FFE),
    (0x2000, 0x2002),
    (0x2126, 0x2127),
    (0x212A, 0x212C),
    (0x2329, 0x232B),
    (0x2ADC, 0x2ADD),
    (0xF900, 0xFB00),
    (0xFB1D, 0xFB4F),
    (0x1D15E, 0x1D1C1),
    (0x2F800, 0x2FA1E),
)


@cache
def _table() -> np.ndarray:
    """uint8 [0x110000]: what a code point is suspected of; ``MAYBE_MOJIBAKE`` marks the leads."""
    table = np.zeros(SIZE, np.uint8)
    table[is_category("M") | in_ranges(_NOT_NFC)] = MAYBE_NOT_NFC
    table[in_ranges(_CONTROLS)] |= CONTROL
    table[in_ranges(_C1)] |= C1
    table[[ord(lead) for lead in _MOJIBAKE_LEADS]] |= MAYBE_MOJIBAKE
    table[ord("\r")] |= LINE_END
    table[0xFFFD] |= BROKEN
    table[0x2581] |= SPACE_MARK
    return table


@kernel
def _suspect(offsets: np.ndarray, data: np.ndarray, table: np.ndarray, out: np.ndarray) -> None:
    for row in range(out.size):
        # Without a branch, so that the processor takes many bytes at a time.
        high = controls = returns = np.uint8(0)
        for at in range(offsets[row], offsets[row + 1]):
            byte = data[at]
            high |= byte
            returns |= byte == 13
            controls |= (byte < 32) & (byte != 9) & (byte != 10) & (byte != 13) | (byte == 127)
        found = LINE_END * (returns != 0) | CONTROL * (controls != 0)
        if high & 0x80:
            found |= NOT_ASCII | _not_ascii(offsets[row], offsets[row + 1], data, table)
        out[row] = found


@kernel
def _not_ascii(at: int, end: int, data: np.ndarray, table: np.ndarray) -> int:
    """What a text's characters beyond ASCII are suspected of."""
    found, leads = 0, 0
    while at < end:
        if at + 8 <= end and eight_at(data, at) & np.uint64(0x8080808080808080) == 0:
            at += 8
            continue
        point, width = decode_at(data, at)
        at += width
        if point >= 0x80:
            flags = table[np.uint64(point)]
            found |= flags
            leads += (flags & MAYBE_MOJIBAKE) != 0
    return found if leads >= LEAST_MOJIBAKE else found & ~MAYBE_MOJIBAKE


def repair_candidates(texts: pa.StringArray) -> np.ndarray:
    """uint8 [documents]: ``LINE_END`` and ``CONTROL`` where a carriage return or a character without a place
    in text occurs, ``NOT_ASCII``, ``MAYBE_MOJIBAKE`` where ``LEAST_MOJIBAKE`` characters with which mojibake
    begins occur, ``MAYBE_NOT_NFC`` where NFC may change one, ``C1`` where a control character of ISO 6429
    occurs that ASCII has not, ``BROKEN`` where U+FFFD stands for a character, and ``SPACE_MARK`` where U+2581
    occurs, which is a space to SentencePiece."""
    offsets, data = text_buffers(texts)
    out = np.zeros(len(texts), np.uint8)
    _suspect(offsets, data, _table(), out)
    return out
