"""The lines of gettext's PO files: messages, their translations, and where they stand in the sources."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import kernel

NOTHING, SOURCE, TRANSLATION, PLACE = range(4)
"""What a line is part of: of no catalog, of a message, of its translation, or of a comment for programs."""
_QUOTE, _HASH, _LETTER_M, _SPACE = 0x22, 0x23, ord("m"), 0x20
_PLACES = (ord(":"), ord(","), ord("|"))
_MSGID, _MSGSTR = (np.array([*word], np.uint8) for word in (b"msgid", b"msgstr"))


@kernel
def _begins_with(data: np.ndarray, at: int, stop: int, word: np.ndarray) -> bool:
    same = at + word.size < stop
    for k in range(word.size):
        same = same and data[at + k] == word[k]
    return same


@kernel
def catalog_line(data: np.ndarray, at: int, stop: int, before: int) -> int:
    """What the line ``at <= k < stop`` is, after a line of the kind ``before``."""
    if at >= stop:
        return NOTHING
    byte = data[at]
    if byte == _QUOTE:
        return before if before in (SOURCE, TRANSLATION) else NOTHING
    if byte == _HASH:
        return PLACE if at + 1 < stop and data[at + 1] in _PLACES else NOTHING
    if byte == _LETTER_M:
        if _begins_with(data, at, stop, _MSGID):
            return SOURCE
        return TRANSLATION if _begins_with(data, at, stop, _MSGSTR) else NOTHING
    return NOTHING


@kernel
def content_at(data: np.ndarray, at: int, stop: int) -> int:
    """The first byte between the quotation marks of a catalog's line, or its end where there is none."""
    while at < stop and data[at] != _QUOTE:
        at += 1
    return at + 1 if at + 2 < stop else stop
