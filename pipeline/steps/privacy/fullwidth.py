"""Full-width digits and letters (１３８…, ＱＱ), read as ASCII where personal data are looked for; the text
keeps them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.text.arrow.buffers import TextBuffers
from pipeline.text.arrow.kernel import kernel
from pipeline.text.unicode.byte_names import (
    AT,
    CAPITAL_A,
    CAPITAL_Z,
    CLOSING_PARENTHESIS,
    DASH,
    DOT,
    NINE,
    OPENING_PARENTHESIS,
    PLUS,
    SLASH,
    ZERO,
)

_LEAD, _SAVED = 0xEF, 2  # a full-width character has three bytes, what it folds to one
_MIDDLE, _SMALL_MIDDLE = 0xBC, 0xBD
TRIGGER = (
    bytes([_MIDDLE]),
    bytes((0x88, *range(0x90, 0x9A), *range(0xA0, 0xBB))),
)  # （ ０ to ９, ＠ Ａ to Ｚ
SMALL_LETTERS_TRIGGER = (bytes([_SMALL_MIDDLE]), bytes(range(0x81, 0x9B)))
"""The last two bytes of the characters for which a document is folded."""

_MARKS = (AT, PLUS, DASH, DOT, SLASH, OPENING_PARENTHESIS, CLOSING_PARENTHESIS)


class FoldedText(NamedTuple):
    """``texts``: the folded documents; ``rows``: which documents these are; ``places``: where in
    ``texts.data`` a character was folded."""

    texts: TextBuffers
    rows: np.ndarray
    places: np.ndarray

    def restore(self, spans: np.ndarray, original: TextBuffers) -> np.ndarray:
        """int64 [spans, 2], first byte and end in ``texts.data``, as positions in ``original.data``."""
        if not len(spans):
            return spans
        document = np.searchsorted(self.texts.offsets, spans[:, :1], side="right") - 1
        begin = self.texts.offsets[document]
        saved = np.searchsorted(self.places, spans) - np.searchsorted(self.places, begin)
        return np.asarray(original.offsets[self.rows[document]] + spans - begin + _SAVED * saved)


@kernel
def _ascii(middle, byte):  # type: ignore[no-untyped-def]
    """What EF, ``middle``, ``byte`` fold to: a digit, a letter, ``@ + - . / ( )``; 0 for nothing. U+FF01 to
    U+FF5E are ASCII + 0xFEE0."""
    if middle == _SMALL_MIDDLE:
        return byte - 0x20 if 0x81 <= byte <= 0x9A else 0
    if middle != _MIDDLE:
        return 0
    code = byte - 0x60
    return code if ZERO <= code <= NINE or CAPITAL_A <= code <= CAPITAL_Z or code in _MARKS else 0


@kernel
def needs_folding(data, at, end):  # type: ignore[no-untyped-def]
    """Whether a document is to be folded for the character at ``at``: a full-width digit, letter or ＠, or
    the bracket of （010）."""
    if data[at] != _LEAD or at + 2 >= end:
        return False
    code = _ascii(data[at + 1], data[at + 2])
    return code >= ZERO or (code == OPENING_PARENTHESIS and at + 3 < end and data[at + 3] == ZERO)


@kernel
def _fold(offsets, data, rows):  # type: ignore[no-untyped-def]
    size = 0
    for row in rows:
        size += offsets[row + 1] - offsets[row]
    out, places, starts = (
        np.empty(size, np.uint8),
        np.empty(size // 3, np.int64),
        np.zeros(rows.size + 1, np.int64),
    )
    written, folded = 0, 0
    for index in range(rows.size):
        at, end = offsets[rows[index]], offsets[rows[index] + 1]
        while at < end:
            byte = data[at]
            if byte == _LEAD and at + 2 < end and _ascii(data[at + 1], data[at + 2]):
                byte = np.uint8(_ascii(data[at + 1], data[at + 2]))
                places[folded] = written
                folded += 1
                at += 2
            out[written] = byte
            written += 1
            at += 1
        starts[index + 1] = written
    return starts, out[:written], places[:folded]


def fold_fullwidth(texts: TextBuffers, rows: np.ndarray) -> FoldedText:
    """The documents ``rows`` (int64 [n]), folded."""
    offsets, data, places = _fold(texts.offsets, texts.data, rows)
    return FoldedText(TextBuffers(offsets, data), rows, places)
