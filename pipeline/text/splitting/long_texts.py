"""Cuts texts of too many words into pieces, each at one of the best places in the last part of a piece.

Words are those of the signal ``words`` in text without markup: a run between white space, full-width
punctuation and Chinese characters or kana that has a letter or digit, and each of these characters. They are
never parted, so that the words of the pieces add up to those of the text.

While 1.5 pieces or more are left, the place is sought in the last quarter of the piece; else in a quarter
around the middle of what is left. So a piece has three eighths of the most at least, and no text ends in a
scrap. Of the places of the best level there it is the one before the bytes with the lowest hash, as in
content-defined chunking (Muthitacharoen et al., LBFS, 2001): two copies of a book that begin differently are
soon cut at the same places, and deduplication finds their pieces.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.kernel import kernel
from pipeline.text.quality_signals.document_stats import judged_classes
from pipeline.text.similarity.blocks import MARK, STATES
from pipeline.text.similarity.shingles import finalize
from pipeline.text.splitting.cut_levels import LEVELS, OUTSIDE, code_level, edges, inner_level, line_level
from pipeline.text.unicode.character_classes import (
    CJK,
    CLOSING,
    DIGIT,
    FULL_WIDTH,
    LETTER,
    LOWER,
    SPACE,
    TERMINAL,
)
from pipeline.text.unicode.utf8 import decode_at

BYTES_OF_A_WORD = 2
"""The fewest, with what parts it from the next one."""
CONTEXT = 32
"""Bytes behind a place that are hashed."""
_SEED, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_1 = np.uint64(1)
_ALONE = CJK | FULL_WIDTH
_ALPHANUMERIC = LETTER | DIGIT
_NEWLINE, _BLANK, _TAB, _LEAD = 0x0A, 0x20, 0x09, 0xC0


@kernel
def _behind_letters(data: np.ndarray, at: int, end: int, classes: np.ndarray) -> int:
    """After the letters and digits of ASCII that begin at a byte."""
    while at < end and data[np.uint64(at)] < 0x80 and classes[data[np.uint64(at)]] & _ALPHANUMERIC:
        at += 1
    return at


@kernel
def _count(data: np.ndarray, at: int, end: int, classes: np.ndarray) -> int:
    """The words of a text."""
    words, counted = 0, False
    while at < end:
        byte = data[np.uint64(at)]
        while byte < 0x80:
            flags = classes[byte]
            letter = flags & _ALPHANUMERIC != 0
            words += letter & ~counted
            counted = (counted | letter) & (flags & SPACE == 0)
            at += 1
            if at == end:
                return int(words)
            byte = data[np.uint64(at)]
        point, width = decode_at(data, at)
        flags = classes[np.uint64(point)]
        letter = flags & _ALPHANUMERIC != 0
        words += flags & CJK != 0 or (letter and not counted)
        counted = (counted or letter) and not flags & (SPACE | _ALONE)
        at += width
    return words


@kernel
def _window(left: int, most: int) -> tuple[int, int]:
    """The fewest and the most words of the next piece of what is left."""
    high = most if 2 * left >= 3 * most else left // 2 + most // 8
    return high - most // 4, high


@kernel
def _note(data, at, end, place, words, level, places):  # type: ignore[no-untyped-def]
    """Keeps a place, if the bytes from ``at`` on have a hash as low as those of the one kept."""
    value = _SEED
    for position in range(at, min(at + CONTEXT, end)):
        value = (value ^ np.uint64(data[position])) * _PRIME
    mark = np.int64(finalize(value) >> _1)
    if places[0, level] == 0 or mark <= places[2, level]:
        places[0, level], places[1, level], places[2, level] = place, words, mark


@kernel
def _best(places: np.ndarray) -> tuple[int, int]:
    """The place of the highest level, and the words before it."""
    level = places.shape[1] - 1
    while places[0, level] == 0:
        level -= 1
    return places[0, level], places[1, level]


@kernel
def _cut(  # type: ignore[no-untyped-def]
    data, begin, end, most, prose, classes, edge_table, state, places, cuts, total
):
    """Appends the places where a text is cut to ``cuts``; returns how many there are then.

    ``state``: int64 [STATES]. ``places``: int64 [3, LEVELS], a place of each level in the window, 0 for none,
    the words before it, and a hash of the bytes behind it.
    """
    left = _count(data, begin, end, classes)
    low, high = _window(left, most)
    state[:], places[:] = 0, 0
    at, words, counted = begin, 0, False
    gap, newlines, line, indent, above = True, 2, begin, 0, begin
    before, edge, ended, wide = 0, 0, False, False
    while left > most:
        point, width = decode_at(data, at)
        flags = classes[np.uint64(point)]
        if flags & SPACE:
            if point == _NEWLINE:
                newlines, line, indent = newlines + 1, at + 1, 0
            elif point in (_BLANK, _TAB):
                indent += 1
            gap, at = True, at + width
            continue
        if gap or flags & _ALONE or before & _ALONE:
            counted, place = False, at
            stop = prose and ended and (gap or wide)
            if newlines:
                place, lower = line, flags & LOWER != 0
                if prose:
                    level = line_level(data, at, end, indent, above, newlines > 1, stop, lower, state)
                else:
                    level = code_level(indent, newlines > 1)
            else:
                level = inner_level(edge, edge_table[point], gap, stop, before & FULL_WIDTH != 0)
                level += 0 if state[MARK] else OUTSIDE
            if words >= low:
                _note(data, at, end, place, words, level, places)
        if flags & CJK or (flags & _ALPHANUMERIC and not counted):
            if words == high:
                cuts[total], cut_words = _best(places)
                total, places[:] = total + 1, 0
                left, words = left - cut_words, words - cut_words
                low, high = _window(left, most)
            words, counted = words + 1, True
        if not flags & CLOSING:
            ended, wide = flags & TERMINAL != 0, flags & FULL_WIDTH != 0
        gap, newlines, indent, before, edge = False, 0, 0, flags, edge_table[point]
        at += width
        if flags & _ALPHANUMERIC and point < 0x80:
            at = _behind_letters(data, at, end, classes)
        above = at
    return total


@kernel
def _cut_all(data, offsets, chosen, most, prose, classes, edge_table):  # type: ignore[no-untyped-def]
    """The places where chosen texts are cut, and how many of them are of each."""
    rows = offsets.size - 1
    cuts = np.empty((offsets[rows] - offsets[0]) // (most // 4), np.int64)
    counts = np.zeros(rows, np.int64)
    state, places = np.empty(STATES, np.int64), np.empty((3, LEVELS), np.int64)
    total = 0
    for row in range(rows):
        if chosen[row]:
            begin, end = offsets[row], offsets[row + 1]
            behind = _cut(
                data, begin, end, most, prose, classes, edge_table, state, places, cuts, total
            )  # fmt: skip
            counts[row], total = behind - total, behind
    return cuts[:total].copy(), counts


@kernel
def _may_be_long(data, offsets, most, long):  # type: ignore[no-untyped-def]
    """Sets ``long`` where the bytes behind which a word may begin are too many: white space, and characters
    beyond ASCII, which may be words themselves."""
    for row in range(long.size):
        if offsets[row + 1] - offsets[row] > BYTES_OF_A_WORD * most:
            begins = 1
            for at in range(offsets[row], offsets[row + 1]):
                begins += (data[at] <= _BLANK) + 2 * (data[at] >= _LEAD)
            long[row] = begins > most


def may_be_long(texts: pa.StringArray, most: int) -> np.ndarray:
    """bool [texts]: those that may have more than ``most`` words. Only texts of more than ``BYTES_OF_A_WORD``
    bytes for each of these are looked at."""
    offsets, data = text_buffers(texts)
    long = np.zeros(len(texts), np.bool_)
    _may_be_long(data, offsets, most, long)
    return long


def split(
    texts: pa.StringArray, chosen: np.ndarray, most: int, prose: bool
) -> tuple[pa.StringArray, np.ndarray]:
    """Pieces of at most ``most`` words of each chosen text; end to end they are the text, byte for byte. Any
    other text is one piece.

    Args:
        texts: string [texts] without nulls. ``chosen``: bool [texts].
        most: at least ``LEAST_MAX_WORDS`` (``manifests.schema.sources``): windows of fewer words, of which
            one begins with what is left of another, could overlap.
        prose: whether the texts are prose, which has headings, fences and sentences; else program text.

    Returns:
        string [pieces], which shares the texts' buffer, and the index of each one's text: int64 [pieces].
    """
    offsets, data = text_buffers(texts)
    cuts, counts = _cut_all(data, offsets, chosen, most, prose, judged_classes(), edges())
    rows = np.arange(len(texts))
    borders = np.insert(offsets, np.repeat(rows + 1, counts), cuts).astype(np.int32)
    pieces = pa.StringArray.from_buffers(len(borders) - 1, pa.py_buffer(borders), texts.buffers()[2])
    return pieces, np.repeat(rows, counts + 1)
