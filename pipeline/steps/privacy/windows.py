"""Which stretches of a batch to look at: whole documents at first, then only what stands around a
replacement."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

from pipeline.text.arrow.buffers import TextBuffers

AROUND = 192
"""Bytes on each side of a replacement. What can newly become a finding touches it, or sees it as its context
(``findings.BEFORE`` and ``AFTER``); all that is longer than this minus those bytes is one run of printable
ASCII, and such a run is looked at from its beginning."""


def whole(texts: TextBuffers, rows: np.ndarray) -> np.ndarray:
    """int64 [rows, 3]: document, first byte and end of each of these documents (int64 [n])."""
    return np.stack([rows, texts.offsets[rows], texts.offsets[rows + 1]], axis=1)


@numba.njit(cache=True, nogil=True)
def _around(offsets, data, rows, starts, ends, around):  # type: ignore[no-untyped-def]
    spans, count = np.empty((starts.size, 3), np.int64), 0
    for index in range(starts.size):
        row = rows[index]
        joins = count > 0 and spans[count - 1, 0] == row
        begin = spans[count - 1, 2] if joins else offsets[row]
        first = max(begin, starts[index] - around)
        while first > begin and 33 <= data[first - 1] <= 126:
            first -= 1
        last = min(offsets[row + 1], ends[index] + around)
        if joins and first == begin:
            spans[count - 1, 2] = max(last, begin)
        else:
            spans[count] = row, first, last
            count += 1
    return spans[:count].copy()


def around(texts: TextBuffers, rows: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The stretches around replacements (document, first byte and end, each int64 [n], in order), joined
    where they meet, as ``whole`` gives them."""
    return np.asarray(_around(texts.offsets, texts.data, rows, starts, ends, AROUND))


def replaced(findings: np.ndarray, sizes: Sequence[int], begin: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the fillings of these findings stand in the new text: first bytes and ends.

    Args:
        findings: int64 [n, 3] with the index of the filling.
        sizes: bytes of each filling.
        begin: where the first document of the old text began.
    """
    filled = np.asarray(sizes, np.int64)[findings[:, 2]]
    grown = np.cumsum(filled - (findings[:, 1] - findings[:, 0]))
    ends = findings[:, 1] - begin + grown
    return ends - filled, ends
