"""Traditional and Simplified Chinese as one: how the characters of texts and items are folded before they are
compared."""

from __future__ import annotations

import functools

import numpy as np
import opencc

from pipeline.text.similarity.text_units import fold_table

VERSION: str = opencc.__version__
_HAN = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00))


@functools.cache
def simplified_fold_table() -> np.ndarray:
    """uint32 [0x32400]: as ``fold_table``, and a Traditional character, or a variant of Taiwan, is folded to
    its Simplified one. Character by character, a line each: to compare, nothing need be told apart by
    phrases."""
    taiwanese, general = opencc.OpenCC("tw2s"), opencc.OpenCC("t2s")
    table = fold_table().copy()
    points = [point for first, last in _HAN for point in range(first, last)]
    lines = general.convert(taiwanese.convert("\n".join(map(chr, points)))).split("\n")
    for point, simplified in zip(points, lines, strict=True):
        if len(simplified) == 1 and ord(simplified) < table.size:
            table[point] = fold_table()[ord(simplified)]
    table.flags.writeable = False
    return table
