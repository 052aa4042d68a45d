"""The lines of gettext's PO files: messages, their translations, and where they stand in the sources."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import kernel

NOTHING, NO_MESSAGE, MESSAGE, TRANSLATION, HEADER, PLACE = range(6)
"""What a line is part of: of no catalog, of a message that is empty so far or is not, of its translation, of
what stands for the translation of the empty message, or of a comment for programs."""
_QUOTE, _HASH, _LETTER_M = 0x22, 0x23, ord("m")
_PLACES = (ord(":"), ord(","), ord("|"))
_MSGID, _MSGSTR, _BREAK = (np.array([*word], np.uint8) for word in (b"msgid", b"msgstr", b'\\n"'))


@kernel
def _begins_with(data: np.ndarray, at: int, stop: int, word: np.ndarray) -> bool:
    same = at + word.size < stop
    for k in range(word.size):
        same = same and data[at + k] == word[k]
    return same


@kernel
def content_at(data: np.ndarray, at: int, stop: int) -> int:
    """The first byte between the quotation marks of a catalog's line, or its end where there is none."""
    while at < stop and data[at] != _QUOTE:
        at += 1
    return at + 1 if at + 2 < stop else stop


@kernel
def is_translation(data: np.ndarray, at: int, stop: int) -> bool:
    """Whether a translation begins with a line."""
    return at < stop and data[at] == _LETTER_M and _begins_with(data, at, stop, _MSGSTR)


@kernel
def catalog_line(data: np.ndarray, at: int, stop: int, before: int) -> int:
    """What the line ``at <= k < stop`` is, after a line of the kind ``before``."""
    if at >= stop or data[at] not in (_QUOTE, _HASH, _LETTER_M):
        return NOTHING
    if data[at] == _HASH:
        return PLACE if at + 1 < stop and data[at + 1] in _PLACES else NOTHING
    if is_translation(data, at, stop):
        return HEADER if before == NO_MESSAGE else TRANSLATION
    if data[at] == _QUOTE and before not in (NO_MESSAGE, MESSAGE):
        return before if before in (TRANSLATION, HEADER) else NOTHING
    if data[at] == _QUOTE or _begins_with(data, at, stop, _MSGID):
        empty = content_at(data, at, stop) == stop and (before == NO_MESSAGE or data[at] != _QUOTE)
        return NO_MESSAGE if empty else MESSAGE
    return NOTHING


@kernel
def is_literal(data: np.ndarray, at: int, stop: int) -> bool:
    """Whether a line of a translation is of code or English that nobody translates: ASCII up to a line
    break."""
    if stop - at < _BREAK.size or data[stop - 1] != _QUOTE:
        return False
    if data[stop - 2] != _BREAK[1] or data[stop - 3] != _BREAK[0]:
        return False
    while at < stop and data[at] < 0x80:
        at += 1
    return at == stop
