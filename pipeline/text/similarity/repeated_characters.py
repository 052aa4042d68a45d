"""Runs of one repeated character, such as ``!!!!!!!!`` or ``哈哈哈哈``."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import kernel
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.similarity.blocks import ADORNMENTS, line_is_over
from pipeline.text.similarity.paragraphs import is_space
from pipeline.text.unicode.utf8 import decode_at

RULERS = ADORNMENTS + "─━═—–－＝＿～＊＃·•…●○■□◆◇★☆▲△▼▽※"
_RULERS = np.array([ord(mark) for mark in RULERS])
_NEWLINE, _WIDEST = 0x0A, 4


@kernel
def _is_ruler(data: np.ndarray, position: int, end: int, point: int, width: int) -> bool:
    """Whether a mark that rulers and underlines are made of goes on to the end of its line."""
    if not np.any(np.equal(_RULERS, point)):
        return False
    while position < end and decode_at(data, position)[0] == point:
        position += width
    return bool(line_is_over(data, position, end))


@kernel_without_refcounts
def _repeats(data: np.ndarray, at: int, end: int, width: int, size: int) -> bool:
    """Whether ``size`` bytes stand again ``width`` bytes on."""
    if at + size + width > end:
        return False
    place = at
    while place < at + size and data[np.uint64(place)] == data[np.uint64(place + width)]:
        place += 1
    return bool(place == at + size)


@kernel_without_refcounts
def _next_candidate(data: np.ndarray, at: int, end: int, longest: int) -> int:
    """A byte in the first run of more than ``longest`` (at least 2) characters that begins at or after
    ``at``, or one before that run; ``end`` if there is none.

    Within such a run each of ``longest - 2`` bytes in a row has what is asked for here behind it, so that one
    in so many bytes of the text is looked at, and hardly a character is decoded.
    """
    while at < end:
        for width in range(1, _WIDEST + 1):
            if _repeats(data, at, end, width, min(3, longest) if width == 1 else 2 * width):
                return at
        at += max(1, longest - 2)
    return end


@kernel_without_refcounts
def _run(data: np.ndarray, at: int, begin: int, end: int) -> tuple[int, int, int, int]:
    """First byte and end of the run that a byte is in, its character's code point and width."""
    while data[at] & 0xC0 == 0x80:
        at -= 1
    point, width = decode_at(data, at)
    first, stop = at, at + width
    while first - width >= begin and _repeats(data, first - width, end, width, width):
        first -= width
    while _repeats(data, stop - width, end, width, width):
        stop += width
    return first, stop, point, width


@kernel_without_refcounts
def _begins_line(data: np.ndarray, at: int, begin: int, keep: np.ndarray) -> bool:
    """Whether nothing but white space is before a byte in its line; a line feed that was cut ends none."""
    while at > begin:
        at -= 1
        while data[at] & 0xC0 == 0x80:
            at -= 1
        if data[at] == _NEWLINE and keep[at]:
            return True
        if not is_space(decode_at(data, at)[0]):
            return False
    return True


@kernel
def mark_runs(
    data: np.ndarray, offsets: np.ndarray, skip: np.ndarray, longest: int, keep: np.ndarray
) -> np.ndarray:
    """Unmarks what a run of one character has beyond ``longest``, at least 2. White space is never touched,
    nor a line that is nothing but a ruler or the underline of a heading.

    Args:
        data, offsets: from ``buffers.text_buffers``. ``skip``: bool [texts], those to leave alone.
        keep: bool, as long as ``data``: the bytes that stay; those cut are set to False. Bytes that are False
            already end a run.

    Returns:
        int64 [texts]: characters cut from each text.
    """
    removed = np.zeros(offsets.size - 1, np.int64)
    for row in range(offsets.size - 1):
        begin, end = offsets[row], offsets[row + 1]
        at = end if skip[row] else _next_candidate(data, begin, end, longest)
        while at < end:
            first, stop, point, width = _run(data, at, begin, end)
            if stop - first > longest * width and not is_space(point):
                removed[row] += _shorten(data, first, stop, begin, end, longest, keep)
            at = _next_candidate(data, stop, end, longest)
    return removed


@kernel
def _shorten(
    data: np.ndarray, first: int, stop: int, begin: int, end: int, longest: int, keep: np.ndarray
) -> int:
    """Unmarks what the run from ``first`` to ``stop`` has beyond ``longest`` in a row; returns how many
    characters these are."""
    point, width = decode_at(data, first)
    line, ruler = _begins_line(data, first, begin, keep), False
    removed = length = 0
    for position in range(first, stop, width):
        if not keep[position]:
            line, length = False, 0
            continue
        length += 1
        if length == longest + 1:
            ruler = line and _is_ruler(data, position, end, point, width)
        if length > longest and not ruler:
            keep[position : position + width] = False
            removed += 1
    return removed
