"""Full-width digits and letters (１３８…, ＱＱ) and what joins the digits of a number, read as ASCII, and
characters of no width inside an address or a number, read as nothing, where personal data are looked for; the
text keeps them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.steps.privacy.byte_classes import CLASSES, DIGIT
from pipeline.steps.privacy.invisible import hidden_run
from pipeline.steps.privacy.number_joints import NOTHING, digit_follows, joint_at
from pipeline.text.arrow.buffers import TextBuffers
from pipeline.text.arrow.kernel import kernel
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import (
    AT,
    CAPITAL_A,
    CAPITAL_Z,
    CLOSING_PARENTHESIS,
    DASH,
    DOT,
    EIGHT,
    FIVE,
    NINE,
    OPENING_PARENTHESIS,
    PLUS,
    SIX,
    SLASH,
    ZERO,
)

_LEAD, _BYTES = 0xEF, 3
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
    ``texts.data`` a character was folded; ``saved``: how many bytes fewer there are before each of these
    places and after the last one, int64 [places + 1]."""

    texts: TextBuffers
    rows: np.ndarray
    places: np.ndarray
    saved: np.ndarray

    def restore(self, spans: np.ndarray, original: TextBuffers) -> np.ndarray:
        """int64 [spans, 2], first byte and end in ``texts.data``, as positions in ``original.data``."""
        if not len(spans):
            return spans
        document = np.searchsorted(self.texts.offsets, spans[:, :1], side="right") - 1
        begin = self.texts.offsets[document]
        saved = self.saved[np.searchsorted(self.places, spans)]
        saved -= self.saved[np.searchsorted(self.places, begin)]
        return np.asarray(original.offsets[self.rows[document]] + spans - begin + saved)


@kernel_without_refcounts
def _ascii(middle, byte):  # type: ignore[no-untyped-def]
    """What EF, ``middle``, ``byte`` fold to: a digit, a letter, ``@ + - . / ( )``; 0 for nothing. U+FF01 to
    U+FF5E are ASCII + 0xFEE0."""
    if middle == _SMALL_MIDDLE:
        return byte - 0x20 if 0x81 <= byte <= 0x9A else 0
    if middle != _MIDDLE:
        return 0
    code = byte - 0x60
    return code if ZERO <= code <= NINE or CAPITAL_A <= code <= CAPITAL_Z or code in _MARKS else 0


@kernel_without_refcounts
def _opens_a_code(data, at, end):  # type: ignore[no-untyped-def]
    """Whether an area or calling code of the Chinese world is at ``at``: （010）, （+86）, （852）."""
    if at >= end:
        return False
    return data[at] in (ZERO, PLUS) or (
        data[at] == EIGHT and at + 1 < end and data[at + 1] in (FIVE, SIX, EIGHT)
    )


@kernel_without_refcounts
def needs_folding(data, at, end):  # type: ignore[no-untyped-def]
    """Whether a document is to be folded for the character at ``at``: a full-width digit, letter or ＠, or
    the bracket of （010）."""
    if data[at] != _LEAD or at + 2 >= end:
        return False
    code = _ascii(data[at + 1], data[at + 2])
    return code >= ZERO or (code == OPENING_PARENTHESIS and _opens_a_code(data, at + _BYTES, end))


@kernel_without_refcounts
def _folds_to(data, at, begin, end, before, classes):  # type: ignore[no-untyped-def]
    """How many bytes are read as one, or as nothing, at ``at``, and as which; (0, 0) where the byte stays.

    Args:
        before: the byte before it, folded. Joints count between digits only.
    """
    if data[at] == _LEAD and at + 2 < end:
        code = _ascii(data[at + 1], data[at + 2])
        if code:
            return _BYTES, code
    hidden = hidden_run(data, at, begin, end, before, classes)
    if hidden:
        return hidden, NOTHING
    if not (classes[before] & DIGIT or before == CLOSING_PARENTHESIS):
        return 0, 0
    size, read_as = joint_at(data, at, end)
    return (size, read_as) if size and digit_follows(data, at + size, end, classes) else (0, 0)


@kernel
def _fold(offsets, data, rows, classes):  # type: ignore[no-untyped-def]
    size = 0
    for row in rows:
        size += offsets[row + 1] - offsets[row]
    out, starts = np.empty(size, np.uint8), np.zeros(rows.size + 1, np.int64)
    places, saved = np.empty(size // 2 + 1, np.int64), np.zeros(size // 2 + 2, np.int64)
    written, folded = 0, 0
    for index in range(rows.size):
        begin, end, before = offsets[rows[index]], offsets[rows[index] + 1], 0
        at = begin
        while at < end:
            taken, byte = _folds_to(data, at, begin, end, before, classes)
            if taken:
                kept = 1 if byte != NOTHING else 0
                places[folded] = written
                saved[folded + 1] = saved[folded] + taken - kept
                folded += 1
            else:
                taken, kept, byte = 1, 1, data[at]
            if kept:
                out[written] = before = byte
            written += kept
            at += taken
        starts[index + 1] = written
    return starts, out[:written], places[:folded], saved[: folded + 1]


def fold_fullwidth(texts: TextBuffers, rows: np.ndarray) -> FoldedText:
    """The documents ``rows`` (int64 [n]), folded."""
    offsets, data, places, saved = _fold(texts.offsets, texts.data, rows, CLASSES)
    return FoldedText(TextBuffers(offsets, data), rows, places, saved)
