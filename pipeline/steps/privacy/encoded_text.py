"""URLs and JSON as what they say: percent-encoding and escapes read, with the way back to every byte."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.steps.privacy.escapes import PERCENT, json_escape, percent_character, write_utf8
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.kernel import kernel
from pipeline.text.unicode.byte_names import (
    AMPERSAND,
    BACKSLASH,
    CLOSING_BRACKET,
    COLON,
    DASH,
    DOT,
    DOUBLE_QUOTE,
    EQUALS,
    OPENING_BRACKET,
    PLUS,
    SPACE,
    ZERO,
)

_OPENING_BRACE, _CLOSING_BRACE = b"{}"
STRUCTURE, STRING, KEY, LITERAL = range(4)
"""What a byte of JSON is part of: what holds it together, a string, a key, or a number or word."""


class Encoding(NamedTuple):
    """What is read: JSON, percent-encoding, and as spaces what parts the fields of a form (``&``, ``=``) and
    the words in one (``+``)."""

    json: bool = False
    percent: bool = False
    form: bool = False


class ReadText(NamedTuple):
    """``texts`` string [n], what the values say. ``origin`` int32 [bytes + 1]: where in the values' data each
    byte comes from. ``part`` uint8 [bytes]: of what it is part; STRING everywhere but in JSON."""

    texts: pa.StringArray
    origin: np.ndarray
    part: np.ndarray


def read_encoded(values: pa.StringArray, encoding: Encoding) -> ReadText:
    """What these values say. What is no valid encoding stands for itself."""
    offsets, data = text_buffers(values)
    size = offsets[-1] - offsets[0]
    # Kernels write an encoded character before they know that it is whole.
    out, part = np.empty(size + 4, np.uint8), np.full(size + 4, STRING, np.uint8)
    origin, ends = np.empty(size + 5, np.int32), np.zeros(len(offsets), np.int32)
    _read(offsets, data, *encoding, out, origin, part, ends)
    written = int(ends[-1])
    texts = pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(out[:written]))
    return ReadText(texts, origin[: written + 1], part[:written])


@kernel
def _read(offsets, data, json, percent, form, out, origin, part, ends):  # type: ignore[no-untyped-def]
    written = 0
    for row in range(offsets.size - 1):
        at, end = offsets[row], offsets[row + 1]
        while at < end:
            if json and data[at] == DOUBLE_QUOTE:
                at, written = _read_string(data, at, end, percent, form, out, origin, part, written)
            elif json:
                at, written = _read_outside(data, at, end, out, origin, part, written)
            else:
                at, written = _read_one(data, at, end, False, percent, form, out, origin, written)
        ends[row + 1] = written
    origin[written] = offsets[-1]


@kernel
def _read_one(data, at, end, json, percent, form, out, origin, written):  # type: ignore[no-untyped-def]
    """Reads a character, or a byte of one; returns where it ends, and where ``out`` does."""
    byte, first, place = data[at], written, at
    if json and byte == BACKSLASH:
        point, stop = json_escape(data, at, end)
        if point >= 0:
            place, written = stop, write_utf8(point, out, written)
    elif percent and byte == PERCENT:
        place, written = percent_character(data, at, end, out, written)
    if place == at:
        out[written] = SPACE if form and byte in (PLUS, AMPERSAND, EQUALS) else byte
        place, written = at + 1, written + 1
    origin[first:written] = at
    return place, written


@kernel
def _read_string(data, at, end, percent, form, out, origin, part, written):  # type: ignore[no-untyped-def]
    """Reads the JSON string whose quote is at ``at``, both quotes included."""
    written = _copy(data, at, out, origin, part, written)
    at, first = at + 1, written
    while at < end and data[at] != DOUBLE_QUOTE:
        at, written = _read_one(data, at, end, True, percent, form, out, origin, written)
    last = written
    if at < end:
        written = _copy(data, at, out, origin, part, written)
        at += 1
    place = at
    while place < end and data[place] <= SPACE:
        place += 1
    part[first:last] = KEY if place < end and data[place] == COLON else STRING
    return at, written


@kernel
def _read_outside(data, at, end, out, origin, part, written):  # type: ignore[no-untyped-def]
    """Reads a byte of JSON that is in no string."""
    byte = data[at]
    first = written
    written = _copy(data, at, out, origin, part, written)
    holds = byte in (COLON, OPENING_BRACKET, CLOSING_BRACKET, _OPENING_BRACE, _CLOSING_BRACE)
    if (byte >= ZERO and not holds) or byte in (DASH, PLUS, DOT):
        part[first] = LITERAL
    return at + 1, written


@kernel
def _copy(data, at, out, origin, part, written):  # type: ignore[no-untyped-def]
    out[written], origin[written], part[written] = data[at], at, STRUCTURE
    return written + 1


@kernel
def _within_parts(findings, part):  # type: ignore[no-untyped-def]
    """Cuts findings (first byte, end, kind) to the first string or literal that they are in; a literal is
    taken whole. Those left with nothing are empty."""
    free = 0
    for index in range(len(findings)):
        first, last = max(findings[index, 0], free), findings[index, 1]
        while first < last and part[first] == STRUCTURE:
            first += 1
        end = min(first, last)
        if first < last:
            what = part[first]
            is_literal = what == LITERAL
            while first > free and is_literal and part[first - 1] == LITERAL:
                first -= 1
            while end < part.size and part[end] == what and (end < last or is_literal):
                end += 1
        findings[index, 0], findings[index, 1] = first, end
        free = max(free, end)


def within_parts(findings: np.ndarray, part: np.ndarray) -> np.ndarray:
    """The findings (int64 [n, 3]: first byte, end, kind; in order, without overlap) within the strings, keys
    and literals of JSON: each in the first that it touches, since none of these belong together."""
    cut = findings.copy()
    _within_parts(cut, part)
    return cut[cut[:, 0] < cut[:, 1]]
