"""What stands on both sides of the ends of full lines, and of places within these lines: pieces of text of
which a language model can say whether they belong together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.text.arrow.buffers import TextBuffers
from pipeline.text.arrow.kernel import inlined, kernel
from pipeline.text.quality_signals.line_counts import FULL
from pipeline.text.unicode.character_classes import CJK, LETTER, LOWER, class_table
from pipeline.text.unicode.utf8 import decode_at

BEFORE, BEHIND = 40, 30
"""Bytes of each piece, at most: what an n-gram model looks at, and the first words behind a border."""
MOST = 128
"""Full lines of a document that are looked at, the first ones."""
_NEW_LINE, _SPACE, _HYPHEN = 0x0A, 0x20, 0x2D
_END, _INSIDE, _GOES_ON = 1, 2, 4


class LineBorders(NamedTuple):
    """``before`` and ``behind``: string [borders], in the documents' order; ``document`` int64 [borders];
    ``inside`` bool [borders]: whether the border is within a line, not at its end; ``goes_on`` bool
    [borders]: whether what is behind begins in lower case or Chinese."""

    before: pa.StringArray
    behind: pa.StringArray
    document: np.ndarray
    inside: np.ndarray
    goes_on: np.ndarray


@inlined
def _begins(data: np.ndarray, at: int) -> bool:
    """Whether a character begins at a byte."""
    return data[at] & 0xC0 != 0x80  # type: ignore[no-any-return]


@kernel
def _classes_at(data: np.ndarray, at: int, classes: np.ndarray) -> np.int64:
    return np.int64(classes[decode_at(data, at)[0]])


@kernel
def _classes_before(data: np.ndarray, at: int, classes: np.ndarray) -> np.int64:
    """Of the character that ends before a byte."""
    at -= 1
    while not _begins(data, at):
        at -= 1
    return _classes_at(data, at, classes)  # type: ignore[no-any-return]


@kernel
def _line(data: np.ndarray, at: int, end: int) -> tuple[int, int, int, int]:
    """The first visible byte of a line or -1, what is behind its last one, the code points up to there, and
    the line's end."""
    first, last, size, points = -1, at, 0, 0
    while at < end and data[at] != _NEW_LINE:
        points += _begins(data, at)
        if data[at] > _SPACE:
            first = at if first < 0 else first
            last, size = at + 1, points
        at += 1
    return first, last, size, at


@kernel
def _middle(data: np.ndarray, first: int, last: int, classes: np.ndarray) -> int:
    """The first space from a line's middle on, or place between two Chinese characters; or -1."""
    at = (first + last) // 2
    while at < last:
        if data[at] == _SPACE:
            return at
        if _begins(data, at) and _classes_at(data, at, classes) & _classes_before(data, at, classes) & CJK:
            return at
        at += 1
    return -1


@kernel
def _piece(data: np.ndarray, border: int, behind: int, first: int, last: int) -> tuple[int, int]:
    """Where what is looked at begins before a border and ends behind it: with whole characters, and words."""
    begin, stop = max(first, border - BEFORE), min(last, behind + BEHIND)
    while begin < border and not _begins(data, begin):
        begin += 1
    while stop < last and not _begins(data, stop):
        stop -= 1
    word = stop
    while stop < last and word > behind and data[stop] < 0x80 and data[word] > _SPACE:
        word -= 1
    return begin, word if word > behind else stop


@kernel
def _copy(data, at, stop, out, written):  # type: ignore[no-untyped-def]
    """Writes a piece, with one space for several of a justified line; returns the end of what is written."""
    before = 0
    while at < stop:
        if data[at] != _SPACE or before != _SPACE:
            out[written] = data[at]
            written += 1
        before = data[at]
        at += 1
    return written


@kernel
def _write(data, row, kind, border, behind, first, last, classes, out):  # type: ignore[no-untyped-def]
    """Writes the pieces on both sides of a border."""
    before, at = out.ends[0, out.size[0]], out.ends[1, out.size[0]]
    begin, stop = _piece(data, border, behind, first, last)
    ahead = _classes_at(data, behind, classes)
    if not (_classes_before(data, border, classes) | ahead) & CJK:
        out.behind[at] = _SPACE
        at += 1
    out.document[out.size[0]], out.kind[out.size[0]] = row, kind | (_GOES_ON if ahead & LOWER else 0)
    out.size[0] += 1
    out.ends[0, out.size[0]] = _copy(data, begin, border, out.before, before)
    out.ends[1, out.size[0]] = _copy(data, behind, stop, out.behind, at)


@kernel
def _longest(data: np.ndarray, at: int, end: int) -> int:
    longest = 0
    while at < end:
        _, _, size, stop = _line(data, at, end)
        longest, at = max(longest, size), stop + 1
    return longest


@kernel
def _is_hyphenated(data: np.ndarray, begin: int, border: int) -> bool:
    """Whether a line ends within a word: in a hyphen of ASCII, or that of typesetting (U+2010)."""
    if data[border - 1] == _HYPHEN:
        return True
    wide = border - begin > 2 and data[border - 3] == 0xE2 and data[border - 2] == 0x80
    return wide and data[border - 1] == 0x90


@kernel
def _belongs(data: np.ndarray, begin: int, border: int, first: int, classes: np.ndarray) -> bool:
    """Whether a sentence may go on from a line's end to the next line: in Chinese behind a letter only, for
    lines of verse end in marks."""
    if _is_hyphenated(data, begin, border):
        return False
    ahead = _classes_at(data, first, classes)
    within = ahead & CJK == 0 or _classes_before(data, border, classes) & LETTER != 0
    return ahead & LETTER != 0 and within  # type: ignore[no-any-return]


@kernel
def _borders(offsets, data, classes, out):  # type: ignore[no-untyped-def]
    for row in range(offsets.size - 1):
        at, end = offsets[row], offsets[row + 1]
        longest, full, border, begin, taken = _longest(data, at, end), False, 0, 0, 0
        while at < end and taken < MOST:
            first, last, size, stop = _line(data, at, end)
            if first >= 0 and full and _belongs(data, begin, border, first, classes):
                _write(data, row, _END, border, first, begin, last, classes, out)
                taken += 1
                middle = _middle(data, first, last, classes)
                behind = middle + (middle > 0 and data[middle] == _SPACE)
                if first < middle and behind < last and data[behind] > _SPACE:
                    _write(data, row, _INSIDE, middle, behind, first, last, classes, out)
            full = first >= 0 and size * FULL > longest
            begin, border, at = first, last, stop + 1


class _Out(NamedTuple):
    size: np.ndarray
    ends: np.ndarray
    before: np.ndarray
    behind: np.ndarray
    document: np.ndarray
    kind: np.ndarray


def line_borders(texts: TextBuffers) -> LineBorders:
    """The borders in documents whose lines are wrapped at one width."""
    most = 2 * MOST * (len(texts.offsets) - 1)
    before, behind = np.empty(most * BEFORE, np.uint8), np.empty(most * (BEHIND + 1), np.uint8)
    ends, places = np.zeros((2, most + 1), np.int32), np.zeros((2, most), np.int64)
    out = _Out(np.zeros(1, np.int64), ends, before, behind, *places)
    _borders(texts.offsets, texts.data, class_table(), out)
    size = int(out.size[0])
    left, right = (
        pa.StringArray.from_buffers(
            size, pa.py_buffer(end[: size + 1].copy()), pa.py_buffer(data[: end[size]])
        )
        for end, data in zip(ends, (before, behind), strict=True)
    )
    kind = out.kind[:size]
    return LineBorders(left, right, out.document[:size], kind & _INSIDE != 0, kind & _GOES_ON != 0)
