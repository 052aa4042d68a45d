"""Runs of one repeated character, such as ``!!!!!!!!`` or ``哈哈哈哈``."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import kernel
from pipeline.text.similarity.blocks import ADORNMENTS, line_is_over
from pipeline.text.similarity.paragraphs import is_space
from pipeline.text.unicode.utf8 import decode_at

RULERS = ADORNMENTS + "─━═—–－＝＿～＊＃·•…●○■□◆◇★☆▲△▼▽※"
_RULERS = np.array([ord(mark) for mark in RULERS])


@kernel
def _is_ruler(data: np.ndarray, position: int, end: int, point: int, width: int) -> bool:
    """Whether a mark that rulers and underlines are made of goes on to the end of its line."""
    if not np.any(np.equal(_RULERS, point)):
        return False
    while position < end and decode_at(data, position)[0] == point:
        position += width
    return bool(line_is_over(data, position, end))


@kernel
def mark_runs(
    data: np.ndarray, offsets: np.ndarray, skip: np.ndarray, longest: int, keep: np.ndarray
) -> np.ndarray:
    """Unmarks what a run of one character has beyond ``longest``. White space is never touched, nor a line
    that is nothing but a ruler or the underline of a heading.

    Args:
        data, offsets: from ``buffers.text_buffers``. ``skip``: bool [texts], those to leave alone.
        keep: bool, as long as ``data``: the bytes that stay; those cut are set to False. Bytes that are False
            already end a run.

    Returns:
        int64 [texts]: characters cut from each text.
    """
    removed = np.zeros(offsets.size - 1, np.int64)
    for row in range(offsets.size - 1):
        if skip[row]:
            continue
        previous, length = np.int64(-1), 0
        blank, begins_line, ruler = True, False, False
        position, end = offsets[row], offsets[row + 1]
        while position < end:
            point, width = decode_at(data, position)
            space = is_space(point)
            if not keep[position]:
                point = np.int64(-1)
            if point == previous:
                length += 1
            else:
                length, begins_line, ruler = 1, blank, False
            previous = point
            blank = point == 0x0A or (blank and space)
            if length > longest and point >= 0 and not space:
                if length == longest + 1:
                    ruler = begins_line and _is_ruler(data, position, end, point, width)
                if not ruler:
                    keep[position : position + width] = False
                    removed[row] += 1
            position += width
    return removed
