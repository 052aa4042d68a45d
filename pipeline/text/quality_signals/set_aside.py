"""Sets aside what is no prose, so that rules judge the text between: code, maths, sums, tables, front
matter, link targets, addresses, tags, and the marks of Markdown and reStructuredText.

Whole lines go: front matter, fenced code, literal blocks behind ``::``, tables, displayed formulas, rulers
and underlines, definitions of links, directives. Within a line, each code span, formula or address stands as
one code point that no text has, by its content: the sentence keeps a word, and two sentences about different
code stay different.
"""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.buffers import TextBuffers
from pipeline.text.arrow.kernel import inlined, kernel
from pipeline.text.quality_signals.arithmetic import DIGITS, arithmetic
from pipeline.text.quality_signals.block_markup import BLOCKS, aside_until, content, line_end, start
from pipeline.text.quality_signals.inline_markup import (
    ADDRESS,
    BEGINS,
    CODE,
    FORMULA,
    LESS,
    SPACE,
    TAG,
    TICK,
    is_letter,
    markup,
)

STAND_IN, STAND_INS = 0x40000, 1 << 16
"""First and number of the code points, all unassigned, that stand for what was set aside within a line."""
ASIDE = np.dtype([("visible", np.int64), ("words", np.int64), ("addresses", np.int64), ("tags", np.int64)])
"""What was set aside of a document: visible code points, runs of them, code points of addresses among the
text but the targets of links, and HTML tags outside code."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_48 = np.uint64(48)
_NEW_LINE, _COMMA, _LOW_LINE = 0x0A, 0x2C, 0x5F
_BEFORE_TARGET = (0x22, 0x27, 0x7B)
"""What stands right before the address of an attribute, or of TeX's ``\\href``."""


@kernel
def _count(data, at, stop, aside):  # type: ignore[no-untyped-def]
    """Adds the visible code points and runs of ``at <= k < stop``."""
    before = np.uint8(SPACE)
    while at < stop:
        byte = data[np.uint64(at)]
        visible = byte > SPACE
        aside.visible += visible & (byte & 0xC0 != 0x80)
        aside.words += visible & (before <= SPACE)
        before = byte
        at += 1


@kernel
def _stand_in(data: np.ndarray, at: int, stop: int, out: np.ndarray, written: int) -> int:
    value = np.uint64(stop - at)
    while at < stop:
        value = (value ^ np.uint64(data[at])) * _FACTOR
        at += 1
    name = np.int64(value >> _48)
    out[written] = 0xF1
    out[written + 1] = 0x80 | name >> 12
    out[written + 2] = 0x80 | name >> 6 & 0x3F
    out[written + 3] = 0x80 | name & 0x3F
    return written + 4


@inlined
def _scheme(out: np.ndarray, written: int, first: int) -> int:
    """Where the letters before an address begin."""
    while written > first and is_letter(out[written - 1]):
        written -= 1
    return written


@inlined
def _goes_on(out: np.ndarray, first: int, written: int) -> bool:
    """Whether what is written of a line ends in a letter or a comma, so that a word may follow."""
    while written > first and out[written - 1] <= SPACE:
        written -= 1
    return written > first and (
        is_letter(out[written - 1]) or out[written - 1] >= 0x80 or out[written - 1] == _COMMA
    )


@inlined
def _in_word(out: np.ndarray, first: int, written: int) -> bool:
    """Whether what is written of a line ends in the middle of a word or number of ASCII."""
    return written > first and (
        is_letter(out[written - 1]) or 0x30 <= out[written - 1] <= 0x39 or out[written - 1] == _LOW_LINE
    )


@kernel
def _copy_line(  # type: ignore[no-untyped-def]
    data: np.ndarray, at: int, stop: int, begins: np.ndarray, out: np.ndarray, written: int, aside
) -> int:
    """Writes a line's prose; returns the end of what is written."""
    first, ticks, sought = written, True, at
    while at < stop:
        byte = data[np.uint64(at)]
        if begins[byte] and (ticks or byte != TICK):
            behind, kind = -1, FORMULA
            if not DIGITS[byte]:
                behind, kind = markup(data, at, stop)
            elif at >= sought and not _in_word(out, first, written):
                behind, sought = arithmetic(data, at, stop)
            if behind >= 0:
                _count(data, at, behind, aside)
                aside.tags += kind == TAG
                if kind == ADDRESS:
                    scheme = _scheme(out, written, first)
                    aside.visible += written - scheme
                    linked = _goes_on(out, first, written) if byte == LESS else False
                    linked |= scheme > first and out[scheme - 1] in _BEFORE_TARGET
                    aside.addresses += 0 if linked else behind - at + written - scheme
                    written = scheme
                # Who speaks in a log is no word of what is said.
                alone = kind == CODE and byte == LESS and not _goes_on(out, first, written)
                if kind in (CODE, FORMULA, ADDRESS) and not alone:
                    written = _stand_in(data, at, behind, out, written)
                at = behind
                continue
            ticks &= byte != TICK
        out[np.uint64(written)] = byte
        written += 1
        at += 1
    return written


@kernel
def _set_aside(  # type: ignore[no-untyped-def]
    data: np.ndarray, offsets: np.ndarray, chosen: np.ndarray, begins: np.ndarray, asides
) -> tuple[np.ndarray, np.ndarray]:
    ends = np.zeros(offsets.size, np.int64)
    size = offsets[-1] - offsets[0]
    out = np.empty(2 * size, np.uint8)  # what is set aside has two bytes at least, its stand-in four
    written, state = np.int64(0), np.empty(BLOCKS, np.int64)
    for row in range(offsets.size - 1):
        at, end = offsets[row], offsets[row + 1]
        if not chosen[row]:
            out[written : written + end - at] = data[at:end]
            written += end - at
            at = end
        aside = asides[row]
        start(state, at)
        while at < end:
            stop = line_end(data, at, end)
            behind = aside_until(data, at, stop, end, state)
            if behind < 0:
                text = content(data, at, stop)
                _count(data, at, text, aside)
                written = _copy_line(data, text, stop, begins, out, written, aside)
                if stop < end:
                    out[written] = _NEW_LINE
                    written += 1
            else:
                _count(data, at, behind, aside)
            at = behind if behind >= 0 else stop + 1
        ends[row + 1] = written
    return out[:written], ends


def set_aside(texts: TextBuffers, chosen: np.ndarray) -> tuple[TextBuffers, np.ndarray]:
    """The prose of the ``chosen`` documents, bool [documents], line by line, and the others as they are; and
    ``ASIDE`` [documents]: how much is missing."""
    asides = np.zeros(len(texts.offsets) - 1, ASIDE)
    if not chosen.any():
        return texts, asides
    data, offsets = _set_aside(texts.data, texts.offsets, chosen, BEGINS | DIGITS, asides)
    return TextBuffers(offsets, data), asides
