"""Looking a phrase up at a byte offset, in the tables of ``phrases``."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import kernel
from pipeline.text.quality_signals.phrases import KEY_BITS, KEY_FACTOR, KEY_FOLD
from pipeline.text.unicode.utf8 import four_at

_SHIFT = np.uint64(32 - KEY_BITS)
_FOLD, _FACTOR, _LOW_32 = (np.uint64(number) for number in (KEY_FOLD, KEY_FACTOR, 0xFFFFFFFF))


@kernel
def first_phrase(data, at, end, book):  # type: ignore[no-untyped-def]
    """First phrase whose key is at a byte offset, or -1; the key as in ``phrases``."""
    return book.first[((four_at(data, at) | _FOLD) * _FACTOR & _LOW_32) >> _SHIFT] - 1


@kernel
def match_phrase(data, at, end, book, phrase):  # type: ignore[no-untyped-def]
    """Number and length of the phrase that is at a byte offset, or (-1, 0); ``phrase`` from
    ``first_phrase``."""
    while phrase >= 0:
        first, length = book.offsets[phrase], book.offsets[phrase + 1] - book.offsets[phrase]
        same = at + length <= end
        k = 0
        while same and k < length:
            byte = data[at + k]
            same = (byte | 32 if 65 <= byte <= 90 else byte) == book.data[first + k]
            k += 1
        if same:
            return phrase, length
        phrase = book.following[phrase] - 1
    return -1, 0
