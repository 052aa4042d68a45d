"""Runs of one repeated character, such as ``!!!!!!!!`` or ``哈哈哈哈``."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import kernel
from pipeline.text.similarity.paragraphs import is_space
from pipeline.text.unicode.utf8 import decode_at


@kernel
def mark_runs(
    data: np.ndarray, offsets: np.ndarray, skip: np.ndarray, longest: int, keep: np.ndarray
) -> np.ndarray:
    """Unmarks what a run of one character has beyond ``longest``. White space is never touched.

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
        position = offsets[row]
        while position < offsets[row + 1]:
            point, width = decode_at(data, position)
            if not keep[position]:
                point = np.int64(-1)
            length = length + 1 if point == previous else 1
            previous = point
            if length > longest and point >= 0 and not is_space(point):
                keep[position : position + width] = False
                removed[row] += 1
            position += width
    return removed
