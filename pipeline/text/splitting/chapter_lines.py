"""Lines that begin a chapter: of novels and plays, of books of the Gutenberg kind, of statutes."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import kernel
from pipeline.text.similarity.blocks import line_is_over

LONGEST_TITLE = 150
"""Bytes of a line that may be a title; a longer one is a paragraph that begins like one."""
UNITS = tuple("章回节節卷部篇编編集幕折出话話讲講册冊")
"""What is numbered behind 第."""
ARTICLES = tuple("条條")
"""The same of a statute, whose text goes on in the line."""
NUMERALS = tuple("0123456789０１２３４５６７８９〇零○一二三四五六七八九十百千两兩廿卅")
ALONE = (
    *("序章", "序言", "前言", "楔子", "引子", "引言", "尾声", "尾聲", "后记", "後記", "终章", "終章"),
    *("prologue", "epilogue", "preface", "introduction", "foreword", "afterword", "conclusion"),
)
NUMBERED = (
    *("chapter", "book", "part", "volume", "act", "scene", "canto", "stave", "letter", "section"),
    *("article", "appendix", "title", "§"),
)
"""English words before a number, in any case."""
ROMAN = "IVXLCDM"

_SPACE, _TAB, _DOT, _COLON, _NEWLINE = 0x20, 0x09, 0x2E, 0x3A, 0x0A


def _table(phrases: tuple[str, ...]) -> np.ndarray:
    """uint8 [phrases, longest]: their UTF-8, filled up with zeros."""
    coded = [phrase.encode() for phrase in phrases]
    rows = b"".join(phrase.ljust(max(map(len, coded)), b"\0") for phrase in coded)
    return np.frombuffer(rows, np.uint8).reshape(len(coded), -1)


_UNITS, _ARTICLES, _NUMERALS = _table(UNITS), _table(ARTICLES), _table(NUMERALS)
_ALONE, _NUMBERED, _ROMAN = _table(ALONE), _table(NUMBERED), _table(tuple(ROMAN))
_ORDINAL, _VOLUME, _STOP = _table(("第",)), _table(("卷",)), _table(("。",))


@kernel
def _phrase(data: np.ndarray, at: int, end: int, phrases: np.ndarray) -> int:
    """Bytes of the first of some phrases that stands at a byte, letters of ASCII in any case; 0 for none."""
    for row in range(phrases.shape[0]):
        size = 0
        while size < phrases.shape[1] and phrases[row, size] != 0 and at + size < end:
            byte, wanted = data[at + size], phrases[row, size]
            if byte != wanted and not (0x61 <= wanted <= 0x7A and byte | 0x20 == wanted):
                break
            size += 1
        if size == phrases.shape[1] or phrases[row, size] == 0:
            return size
    return 0


@kernel
def _numerals(data: np.ndarray, at: int, end: int, numerals: np.ndarray) -> int:
    """After a number, and a space on either side of it; ``at`` where there is none."""
    place = at + (at < end and data[at] == _SPACE)
    first = place
    size = _phrase(data, place, end, numerals)
    while size:
        place += size
        size = _phrase(data, place, end, numerals)
    if place == first:
        return at
    return int(place + (place < end and data[place] == _SPACE))


@kernel
def _is_short(data: np.ndarray, at: int, end: int) -> bool:
    """Whether the line ends within the bytes of a title, and not as a Chinese sentence does."""
    first, last = at, min(end, at + LONGEST_TITLE)
    while at < last and data[at] != _NEWLINE:
        at += 1
    if at < end and data[at] != _NEWLINE:
        return False
    stop = _STOP.shape[1]
    return bool(at - first < stop or _phrase(data, at - stop, end, _STOP) == 0)


@kernel
def _is_chinese(data: np.ndarray, at: int, end: int) -> bool:
    """第三回, 第 12 章, 卷一, 第三条."""
    ordinal = _phrase(data, at, end, _ORDINAL)
    number = at + (ordinal or _phrase(data, at, end, _VOLUME))
    if number == at:
        return False
    behind = _numerals(data, number, end, _NUMERALS)
    if behind == number:
        return False
    if ordinal and _phrase(data, behind, end, _ARTICLES):
        return True
    return bool(_is_short(data, at, end) and (not ordinal or _phrase(data, behind, end, _UNITS) > 0))


@kernel
def _is_english(data: np.ndarray, at: int, end: int) -> bool:
    """CHAPTER I, Chapter the First, Act 2, § 5."""
    size = _phrase(data, at, end, _NUMBERED)
    behind = at + size
    if size == 0 or behind + 1 >= end or data[behind] != _SPACE:
        return False
    following = data[behind + 1]
    number = 0x30 <= following <= 0x39 or 0x41 <= following <= 0x5A
    return bool((number or following == 0x74) and _is_short(data, at, end))


@kernel
def _is_alone(data: np.ndarray, at: int, end: int) -> bool:
    """A line of nothing but a word such as Prologue, or a Roman number, and a full stop or colon."""
    size = _phrase(data, at, end, _ALONE)
    behind = at + size
    if size == 0:
        behind = _numerals(data, at, end, _ROMAN)
    if behind > at and behind < end and (data[behind] == _DOT or data[behind] == _COLON):
        behind += 1
    return bool(behind > at and line_is_over(data, behind, end))


@kernel
def begins_chapter(data: np.ndarray, at: int, end: int, apart: bool) -> bool:
    """Whether the line whose first visible character is at a byte begins a chapter, article or scene.

    Args:
        data: uint8, valid UTF-8; ``end`` of the text. ``apart``: a blank line is above. English is a title
            only so, for a line may be wrapped before such a word.
    """
    if data[at] >= 0x80 and (_is_chinese(data, at, end) or _is_alone(data, at, end)):
        return True
    return bool(apart and (_is_english(data, at, end) or _is_alone(data, at, end)))
