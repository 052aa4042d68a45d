"""Which stretches of a batch to look at: whole documents at first, then only what is around a
replacement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.text.arrow.buffers import TextBuffers
from pipeline.text.arrow.kernel import kernel

MARGIN = 192
"""Bytes on each side of a replacement. What can newly become a finding touches it, or sees it as its context
(``built_in_kind.CONTEXT_BEFORE`` and ``CONTEXT_AFTER``); all that is longer than this minus those bytes is
one run of printable ASCII, and such a run is looked at from its beginning."""

_FIRST_PRINTABLE, _LAST_PRINTABLE = 33, 126


def whole_documents(texts: TextBuffers, rows: np.ndarray) -> np.ndarray:
    """int64 [rows, 3]: document, first byte and end of each of these documents (int64 [n])."""
    return np.stack([rows, texts.offsets[rows], texts.offsets[rows + 1]], axis=1)


@kernel
def _stretches(offsets, data, rows, starts, ends, margin):  # type: ignore[no-untyped-def]
    spans, count = np.empty((starts.size, 3), np.int64), 0
    for index in range(starts.size):
        row = rows[index]
        joins = count > 0 and spans[count - 1, 0] == row
        begin = spans[count - 1, 2] if joins else offsets[row]
        first = max(begin, starts[index] - margin)
        while first > begin and _FIRST_PRINTABLE <= data[first - 1] <= _LAST_PRINTABLE:
            first -= 1
        last = min(offsets[row + 1], ends[index] + margin)
        if joins and first == begin:
            spans[count - 1, 2] = max(last, begin)
        else:
            spans[count] = row, first, last
            count += 1
    return spans[:count].copy()


def stretches_around(
    texts: TextBuffers, rows: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """The stretches around replacements (document, first byte and end, each int64 [n], in order), joined
    where they meet, as ``whole_documents`` gives them."""
    return np.asarray(_stretches(texts.offsets, texts.data, rows, starts, ends, MARGIN))


def filling_spans(findings: np.ndarray, sizes: Sequence[int], begin: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the fillings of these findings are in the new text: first bytes and ends.

    Args:
        findings: int64 [n, 3] with the index of the filling.
        sizes: bytes of each filling.
        begin: where the first document of the old text began.
    """
    filled = np.asarray(sizes, np.int64)[findings[:, 2]]
    grown = np.cumsum(filled - (findings[:, 1] - findings[:, 0]))
    ends = findings[:, 1] - begin + grown
    return ends - filled, ends
