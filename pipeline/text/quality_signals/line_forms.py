"""The form of a line by how it begins and is divided: an item of a list, an article of a statute, a speech of
a dialogue, a row of a table, a field of a reference. What most lines of a document are tells its genre."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import kernel
from pipeline.text.quality_signals.fixed_names import any_stands_at
from pipeline.text.unicode.character_classes import CJK, DIGIT, LETTER
from pipeline.text.unicode.utf8 import decode_at, eight_at

PLAIN, ITEM, ARTICLE, SPEECH, ROW, FIELD = range(6)
_LONGEST_NAME = 16
"""Letters of the name before a speech, at most."""
_LEAST_TABS = 2
_LEAST_BLANKS = 3
"""Columns of white space between two cells of a row, at least; two such places make a row. A full-width space
has two columns."""
_BULLETS = tuple(ord(mark) for mark in "•‣▪▫◦●○■□◆◇►▶➢➤*-–·+")
_NUMERALS = tuple(ord(mark) for mark in "一二三四五六七八九十百零〇两")
_BEHIND_NUMBER = tuple(ord(mark) for mark in ".)、．）:：")
_OF_STATUTES = tuple(ord(mark) for mark in "条條章节節编編款项項")
_CIRCLED = (0x2460, 0x24FF)
_TAB, _BLANK, _COLON, _WIDE_COLON, _SLASH, _ORDINAL, _PARAGRAPH = (
    0x09,
    0x20,
    0x3A,
    0xFF1A,
    0x2F,
    ord("第"),
    ord("§"),
)
_OPEN, _WIDE_OPEN, _WIDE_BLANK = 0x28, 0xFF08, 0x3000
_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_WIDE_END = 0x80
"""The last two bytes of a full-width space."""
_EIGHT_TABS, _EIGHT_BLANKS, _8 = _ONES * np.uint64(_TAB), _ONES * np.uint64(_BLANK), np.uint64(8)
_EIGHT_WIDE_ENDS = _ONES * np.uint64(_WIDE_END)
_NAMES = np.array([[*b"Art"], [*b"Sec"], [*b"ART"], [*b"SEC"]], np.uint8)
"""How articles and sections of English statutes begin."""
_STAR, _AT, _LOW_LINE, _CLOSE = ord("*"), ord("@"), ord("_"), ord(")")
_LONGEST_FIELD = 64
"""Bytes of a parameter's name with its type, at most."""


@kernel
def _behind_number(data, at, end):  # type: ignore[no-untyped-def]
    """After a number in digits or in Chinese numerals, or where it would begin."""
    while at < end:
        point, width = decode_at(data, at)
        if not (48 <= point <= 57 or point in _NUMERALS):
            break
        at += width
    return at


@kernel
def _is_item(data, first, end):  # type: ignore[no-untyped-def]
    point, width = decode_at(data, first)
    if point in _BULLETS:
        return first + width < end and data[first + width] <= _BLANK
    if _CIRCLED[0] <= point <= _CIRCLED[1]:
        return True
    at = first + width if point in (_OPEN, _WIDE_OPEN) else first
    behind = _behind_number(data, at, end)
    return at < behind < end and decode_at(data, behind)[0] in _BEHIND_NUMBER


@kernel
def _is_article(data, first, end):  # type: ignore[no-untyped-def]
    while data[first] == _STAR and first + 1 < end:  # in bold
        first += 1
    point, width = decode_at(data, first)
    if point == _ORDINAL:
        at = first + width
        behind = _behind_number(data, at, end)
        return at < behind < end and decode_at(data, behind)[0] in _OF_STATUTES
    if point == _PARAGRAPH:
        return True
    if not any_stands_at(_NAMES, data, first, end):
        return False
    at = first + _NAMES.shape[1]
    while at < end and data[at] > _BLANK:
        at += 1
    return at + 1 < end and 48 <= data[at + 1] <= 57


@kernel
def _is_speech(data, classes, first, end):  # type: ignore[no-untyped-def]
    """A name, a colon and words behind it."""
    at, letters = first, 0
    while at < end and letters <= _LONGEST_NAME:
        point, width = decode_at(data, at)
        at += width
        if point in (_COLON, _WIDE_COLON):
            return letters > 0 and at < end and data[at] != _SLASH
        if not classes[np.uint64(point)] & (LETTER | DIGIT | CJK) and point != _BLANK and point != ord("."):
            return False
        letters += 1
    return False


@kernel
def _is_field(data, first, end):  # type: ignore[no-untyped-def]
    """A parameter or a result as docstrings have it: ``:param x: ...``, ``@param x ...``, ``x (int): ...``,
    ``first_row: ...``."""
    mark = data[first]
    at, lows = first + (mark in (_COLON, _AT)), 0
    name = at
    while at < end and (_is_name_byte(data[at]) or (mark == _COLON and data[at] == _BLANK)):
        lows += data[at] == _LOW_LINE
        at += 1
    if at == name or at + 1 >= end:
        return False
    if mark in (_COLON, _AT):
        return data[at] == (_COLON if mark == _COLON else _BLANK)
    at += data[at] == _BLANK
    if data[at] == _COLON or decode_at(data, at)[0] == _WIDE_COLON:
        return lows > 0
    last = min(end - 1, first + _LONGEST_FIELD) if data[at] == _OPEN else at
    while at < last and not (data[at] == _CLOSE and data[at + 1] == _COLON):
        at += 1
    return at < last


@kernel
def _is_name_byte(byte):  # type: ignore[no-untyped-def]
    return 97 <= byte | 0x20 <= 122 or 48 <= byte <= 57 or byte in (_LOW_LINE, _STAR)


@kernel
def _has_gap(data, first, end):  # type: ignore[no-untyped-def]
    """Whether a tab, two blanks in a row or a full-width space (by its last two bytes) may be in a line, told
    by eight bytes at a time."""
    at = first
    while at + 8 <= end:
        bytes_ = eight_at(data, at)
        tabs, blanks = bytes_ ^ _EIGHT_TABS, bytes_ ^ _EIGHT_BLANKS
        tab = tabs - _ONES & ~tabs & _HIGHS
        blank = blanks - _ONES & ~blanks & _HIGHS
        wides = bytes_ ^ _EIGHT_WIDE_ENDS
        wide = wides - _ONES & ~wides & _HIGHS
        if tab | (blank & blank >> _8) | (wide & wide >> _8):
            return True
        at += 7
    while at < end and not _ends_gap(data, at):
        at += 1
    return at < end


@kernel
def _ends_gap(data, at):  # type: ignore[no-untyped-def]
    byte = data[at]
    return byte == _TAB or (byte in (_BLANK, _WIDE_END) and byte == data[at - 1])


@kernel
def _is_row(data, first, end):  # type: ignore[no-untyped-def]
    tabs = gaps = run = 0
    at = first
    while at < end:
        point, width = decode_at(data, at)
        tabs += point == _TAB
        columns = 2 if point == _WIDE_BLANK else point == _BLANK
        gaps += run < _LEAST_BLANKS <= run + columns
        run = run + columns if columns else 0
        at += width
    return tabs >= _LEAST_TABS or gaps >= _LEAST_TABS


@kernel
def line_form(data, classes, first, end):  # type: ignore[no-untyped-def]
    """The form of the line whose visible characters are ``first <= at < end``."""
    if _is_item(data, first, end):
        return ITEM
    if _is_article(data, first, end):
        return ARTICLE
    if _is_speech(data, classes, first, end):
        return SPEECH
    if _has_gap(data, first, end) and _is_row(data, first, end):
        return ROW
    return FIELD if _is_field(data, first, end) else PLAIN
