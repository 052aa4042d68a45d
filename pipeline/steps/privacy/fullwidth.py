"""Full-width digits and letters (１３８…, ＱＱ) read as ASCII where personal data are looked for; the text
itself keeps them."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from pipeline.text.arrow.buffers import TextBuffers

_LEAD, _SAVED = 0xEF, 2  # a full-width character has three bytes, what it folds to one


class FoldedText(NamedTuple):
    """``texts``: the folded documents; ``rows``: which documents these are; ``places``: where in
    ``texts.data`` a character was folded."""

    texts: TextBuffers
    rows: np.ndarray
    places: np.ndarray

    def restore(self, spans: np.ndarray, original: TextBuffers) -> np.ndarray:
        """int64 [spans, 2], first byte and end in ``texts.data``, as positions in ``original.data``."""
        if not len(spans):
            return spans
        document = np.searchsorted(self.texts.offsets, spans[:, :1], side="right") - 1
        begin = self.texts.offsets[document]
        saved = np.searchsorted(self.places, spans) - np.searchsorted(self.places, begin)
        return original.offsets[self.rows[document]] + spans - begin + _SAVED * saved


@numba.njit(cache=True, nogil=True)
def _ascii(middle, byte):  # type: ignore[no-untyped-def]
    """What EF, ``middle``, ``byte`` fold to: a digit, a letter, ``@ + - . / ( )``; 0 for nothing. U+FF01 to
    U+FF5E are ASCII + 0xFEE0."""
    if middle == 0xBD:
        return byte - 0x20 if 0x81 <= byte <= 0x9A else 0
    if middle != 0xBC:
        return 0
    code = byte - 0x60
    return code if 48 <= code <= 57 or 65 <= code <= 90 or code in (64, 43, 45, 46, 47, 40, 41) else 0


@numba.njit(cache=True, nogil=True)
def is_wide(data, at, end):  # type: ignore[no-untyped-def]
    """Whether a document is to be folded for the character at ``at``: a full-width digit, letter or ＠, or
    the bracket of （010）."""
    if data[at] != _LEAD or at + 2 >= end:
        return False
    code = _ascii(data[at + 1], data[at + 2])
    return code > 47 or (code == 40 and at + 3 < end and data[at + 3] == 48)


@numba.njit(cache=True, nogil=True)
def _fold(offsets, data, rows):  # type: ignore[no-untyped-def]
    size = 0
    for row in rows:
        size += offsets[row + 1] - offsets[row]
    out, places, starts = (
        np.empty(size, np.uint8),
        np.empty(size // 3, np.int64),
        np.zeros(rows.size + 1, np.int64),
    )
    written, folded = 0, 0
    for index in range(rows.size):
        at, end = offsets[rows[index]], offsets[rows[index] + 1]
        while at < end:
            byte = data[at]
            if byte == _LEAD and at + 2 < end and _ascii(data[at + 1], data[at + 2]):
                byte = np.uint8(_ascii(data[at + 1], data[at + 2]))
                places[folded] = written
                folded += 1
                at += 2
            out[written] = byte
            written += 1
            at += 1
        starts[index + 1] = written
    return starts, out[:written], places[:folded]


def fold_fullwidth(texts: TextBuffers, rows: np.ndarray) -> FoldedText:
    """The documents ``rows`` (int64 [n]), folded."""
    offsets, data, places = _fold(texts.offsets, texts.data, rows)
    return FoldedText(TextBuffers(offsets, data), rows, places)
