"""The prose of marked-up text: what is left without code, links and tags, and samples of it. For telling
languages, not for reading.

Left out: fenced code (lines between ``` or ~~~), in gettext's PO files the messages that are translated and
where they stand, and on one line code spans and their reStructuredText roles,
formulas between dollar signs, TeX commands, HTML tags, targets of Markdown links, and what follows ``://``.
White space of every kind becomes single spaces.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.kernel import inlined, kernel
from pipeline.text.quality_signals.catalogs import (
    HEADER,
    MESSAGE,
    NO_MESSAGE,
    NOTHING,
    PLACE,
    TRANSLATION,
    catalog_line,
    content_at,
)
from pipeline.text.quality_signals.inline_markup import behind_letters, behind_role, is_letter

_SPACE, _TICK, _TILDE, _LESS, _MORE, _COLON, _SLASH = 0x20, 0x60, 0x7E, 0x3C, 0x3E, 0x3A, 0x2F
_OPEN, _CLOSE, _BRACKET, _DOLLAR, _BACKSLASH = 0x28, 0x29, 0x5D, 0x24, 0x5C
_BEGINS = np.isin(np.arange(256), (_TICK, _DOLLAR, _BACKSLASH, _LESS, _BRACKET, _COLON))
_PLACES = 4
_LONGEST_WORD = 32


@inlined
def _until(data: np.ndarray, at: int, stop: int, wanted: int, barrier: int) -> int:
    """After the next ``wanted`` byte, or -1 where ``barrier`` or the end comes first."""
    while at < stop and data[at] != wanted:
        if data[at] == barrier:
            return -1
        at += 1
    return at + 1 if at < stop else -1


@inlined
def _ends_link(byte: int) -> bool:
    return byte <= _SPACE or byte >= 0x7F or byte in (0x22, 0x27, _CLOSE, _LESS, _MORE, _BRACKET, _TICK)


@kernel
def _markup(data: np.ndarray, at: int, stop: int) -> int:
    """Where the markup that begins at a byte ends, or -1. The barriers keep the search linear: no byte is
    searched twice."""
    byte = data[at]
    following = data[at + 1] if at + 1 < stop else 0
    if byte in (_TICK, _DOLLAR):
        return _until(data, at + 1, stop, byte, -1)  # type: ignore[no-any-return]
    if byte == _BACKSLASH and is_letter(following):
        return behind_letters(data, at + 1, stop)  # type: ignore[no-any-return]
    if byte == _COLON and is_letter(following):
        role = behind_role(data, at + 1, stop)
        return role if role < stop and data[role] == _TICK and data[role - 1] == _COLON else -1
    if byte == _LESS and (is_letter(following) or following == _SLASH or following == 0x21):
        return _until(data, at + 1, stop, _MORE, _LESS)  # type: ignore[no-any-return]
    if byte == _BRACKET and following == _OPEN:
        return _until(data, at + 2, stop, _CLOSE, _BRACKET)  # type: ignore[no-any-return]
    if byte == _COLON and following == _SLASH and at + 2 < stop and data[at + 2] == _SLASH:
        at += 3
        while at < stop and not _ends_link(data[at]):
            at += 1
        return at
    return -1


@kernel
def _fence(data: np.ndarray, at: int, stop: int) -> int:
    """The byte that a line's fence is made of, or 0. Backticks that are closed on the line are a code
    span."""
    while at < stop and (data[at] == _SPACE or data[at] == 0x09):
        at += 1
    if (
        at + 3 > stop
        or (data[at] != _TICK and data[at] != _TILDE)
        or data[at + 1] != data[at]
        or data[at + 2] != data[at]
    ):
        return 0
    mark = data[at]
    while at < stop and data[at] == mark:
        at += 1
    return 0 if mark == _TICK and _until(data, at, stop, _TICK, -1) >= 0 else int(mark)


@kernel
def _prose(data: np.ndarray, offsets: np.ndarray, begins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ends = np.zeros(offsets.size, np.int64)
    out = np.empty(offsets[-1] - offsets[0] + offsets.size, np.uint8)
    written = np.int64(0)
    for row in range(offsets.size - 1):
        at, end, fence, spaced = offsets[row], offsets[row + 1], 0, True
        kind, message = NOTHING, np.int64(-1)
        while at < end:
            stop = at
            while stop < end and data[np.uint64(stop)] != 0x0A:
                stop += 1
            mark = _fence(data, at, stop) if begins[_TICK] else 0
            if fence or mark:
                fence = 0 if fence == mark else (fence or mark)
                at = stop
            before, kind = kind, catalog_line(data, at, stop, kind) if begins[_TICK] else NOTHING
            if kind in (NOTHING, PLACE, HEADER):
                message = np.int64(-1)
            elif kind != TRANSLATION and before not in (NO_MESSAGE, MESSAGE):
                message = written
            if kind != NOTHING:
                at = stop if kind in (PLACE, HEADER) else content_at(data, at, stop)
            if kind == TRANSLATION and at < stop and message >= 0:
                # A message is text as long as nothing translates it.
                written, spaced, message = message, True, np.int64(-1)
            while at < stop:
                byte = data[np.uint64(at)]
                behind = _markup(data, at, stop) if begins[byte] else -1
                space = behind >= 0 or byte <= _SPACE
                if not (space and spaced):
                    out[np.uint64(written)] = _SPACE if space else byte
                    written += 1
                spaced, at = space, (behind if behind >= 0 else at + 1)
            if not spaced:
                out[written] = _SPACE
                written, spaced = written + 1, True
            at = stop + 1
        ends[row + 1] = written
    return out[:written], ends


def prose(texts: pa.Array, markup: bool = False) -> pa.LargeStringArray:
    """The prose of each of string [texts]; with ``markup``, all of it, in one line. A null has none."""
    offsets, data = text_buffers(texts)
    return _strings(*_prose(data, offsets, _BEGINS & ~np.bool_(markup)))


@kernel
def _word_border(data: np.ndarray, at: int, end: int) -> int:
    """After the first space within a word's length, else at the first character's first byte."""
    for position in range(at, min(at + _LONGEST_WORD, end)):
        if data[position] == _SPACE:
            return position + 1
    while at < end and data[at] & 0xC0 == 0x80:
        at += 1
    return at


@kernel
def _samples(data: np.ndarray, offsets: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    ends = np.zeros(offsets.size, np.int64)
    out = np.empty((offsets.size - 1) * (size + _PLACES), np.uint8)
    written = np.int64(0)
    for row in range(offsets.size - 1):
        begin, end = offsets[row], offsets[row + 1]
        places = 1 if end - begin <= size else _PLACES
        width = min(size, end - begin) // places
        for place in range(places):
            first = begin + (end - begin - width) * place // max(places - 1, 1)
            last = first + width
            while last < end and data[last] & 0xC0 == 0x80:
                last -= 1
            if place:
                first = min(_word_border(data, first, last), last)
                out[written] = _SPACE
                written += 1
            out[written : written + last - first] = data[first:last]
            written += last - first
        ends[row + 1] = written
    return out[:written], ends


def samples(texts: pa.Array, size: int) -> pa.LargeStringArray:
    """At most ``size`` bytes of each text (and 3 spaces): a short one whole, else four pieces from its
    beginning to its end.

    ``texts``: string [texts], as ``prose`` gives them. Pieces after the first begin with a word.
    """
    offsets, data = text_buffers(texts)
    return _strings(*_samples(data, offsets, size))


def _strings(data: np.ndarray, ends: np.ndarray) -> pa.LargeStringArray:
    return pa.LargeStringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(data))
