"""Paragraphs of a text and their hashes: the 1 to 99 consecutive sentences that OpenBA deduplicates (arXiv
2309.10706, section 3).

A paragraph ends at a blank line, at a newline that follows the end of a sentence, and after 99 sentences. So
it is made of whole sentences
even where lines are wrapped at a fixed width. A text without any newline has no paragraphs to go by: there, a
paragraph also ends after every sentence whose hash is a multiple of 4, so that windows of 4 sentences on
average begin at the same places in every copy.

A block is cut out whole or not at all, so that there is no border within a fence, before what is indented
below a list item, a directive or a line that ends in a colon, between a heading and its paragraph, and
between a question and its answer (``blocks``). A fence goes with the paragraph that leads to it.

A sentence ends at ``。！？`` or at ``. ! ?`` before white space, closing quotes and brackets included. The
hash covers every character but white space, so that another line width makes no other paragraph; full-width
digits and letters count as the plain ones. A paragraph owns its indentation,
and the white space after it up to the next line's.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.kernel import kernel
from pipeline.text.similarity.blocks import LINES, MARK, STATES, enter_line
from pipeline.text.similarity.shingles import finalize
from pipeline.text.unicode.utf8 import decode_at

MAX_SENTENCES = 99
WINDOW = np.uint64(4)

_OTHER, _SPACE, _STOP, _WIDE_STOP, _CLOSE = 0, 1, 2, 3, 4
_SEED = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)


@kernel
def is_space(point: int) -> bool:
    """ASCII white space, the no-break space and the ideographic space."""
    return point == 0x20 or 0x09 <= point <= 0x0D or point == 0xA0 or point == 0x3000


def _kind_of(character: str) -> int:
    if character.isascii() and is_space.py_func(ord(character)):
        return _SPACE
    return _STOP if character in ".!?" else _CLOSE if character in "\"')]" else _OTHER


_ASCII = np.array([_kind_of(chr(point)) for point in range(0x80)], np.uint8)


@kernel
def _kind(point: int) -> int:
    if point < 0x80:
        return int(_ASCII[point])
    if 0x3012 <= point < 0xFF01:  # Han and most other letters of East Asia
        return _OTHER
    if is_space(point):
        return _SPACE
    if point == 0x3002 or point == 0xFF01 or point == 0xFF1F:  # 。！？
        return _WIDE_STOP
    if (
        point == 0x2019
        or point == 0x201D
        or point == 0x300D
        or point == 0x300F
        or point == 0xFF09
        or point == 0x3011
    ):  # ’ ” 」 』 ） 】
        return _CLOSE
    return _OTHER


@kernel
def _narrow(point: int) -> int:
    """The plain digit or letter for a full-width one; any other character as it is."""
    digit = 0xFF10 <= point <= 0xFF19
    letter = 0xFF21 <= point <= 0xFF3A or 0xFF41 <= point <= 0xFF5A
    return point - 0xFEE0 if digit or letter else point


@kernel
def _split(
    data: np.ndarray,
    begin: int,
    end: int,
    minimum: int,
    hashes: np.ndarray,
    spans: np.ndarray,
    total: int,
    lines: np.ndarray,
) -> int:
    """Appends one text's paragraphs of at least ``minimum`` characters; returns how many there are then.
    ``lines``: int64 [STATES], for what ``enter_line`` remembers."""
    windowed = True
    for position in range(begin, end):
        windowed &= data[position] != 0x0A
    lines[:] = 0
    first, characters, sentences = begin, 0, 0
    state, sentence = _SEED, _SEED
    stop, gap, newlines = _OTHER, False, 0
    position, indent, above, plain, line = begin, 0, begin, True, begin
    while position < end:
        point, width = decode_at(data, position)
        kind = _kind(point)
        if kind == _SPACE:
            if point == 0x0A:
                newlines, indent, plain, line = newlines + 1, 0, True, position + 1
            else:
                plain &= point == 0x20 or point == 0x09
                indent = indent + 1 if plain else 0
            gap = True
            position += width
            continue
        ended = (stop == _WIDE_STOP and (gap or kind == _OTHER)) or (stop == _STOP and gap)
        sentences += ended
        border = newlines >= 2 or (ended and newlines > 0)
        if newlines > 0 or lines[LINES] == 0:
            border &= not enter_line(data, position, end, indent, newlines == 1, above, lines)
            lines[LINES] += 1
        else:
            border = ended and sentences >= MAX_SENTENCES and lines[MARK] == 0
        border |= ended and windowed and finalize(sentence) % WINDOW == 0
        if border and characters > 0:
            cut = line if newlines > 0 else position
            if characters >= minimum:
                hashes[total], spans[0, total], spans[1, total] = finalize(state), first, cut
                total += 1
            first, characters, sentences, state = cut, 0, 0, _SEED
            lines[LINES] = 1
        if ended:
            sentence = _SEED
        stop = kind if kind in (_STOP, _WIDE_STOP) else (stop if kind == _CLOSE and not gap else _OTHER)
        gap, newlines = False, 0
        state = (state ^ np.uint64(_narrow(point))) * _PRIME
        if windowed:
            sentence = (sentence ^ np.uint64(_narrow(point))) * _PRIME
        characters += 1
        position += width
        # After a letter the rest of an ASCII word is nothing but more of the hash.
        while kind == _OTHER and position < end:
            byte = data[np.uint64(position)]
            if byte >= 0x80 or _ASCII[byte] != _OTHER:
                break
            state = (state ^ np.uint64(byte)) * _PRIME
            if windowed:
                sentence = (sentence ^ np.uint64(byte)) * _PRIME
            characters += 1
            position += 1
        above = position
    if characters >= minimum:
        hashes[total], spans[0, total], spans[1, total] = finalize(state), first, end
        total += 1
    return total


@kernel
def _paragraphs(
    data: np.ndarray, offsets: np.ndarray, skip: np.ndarray, minimum: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = offsets.size - 1
    capacity = (offsets[rows] - offsets[0]) // minimum + 1
    hashes, spans = np.empty(capacity, np.uint64), np.empty((2, capacity), np.int64)
    starts, lines = np.zeros(rows + 1, np.int64), np.zeros(STATES, np.int64)
    for row in range(rows):
        starts[row + 1] = starts[row]
        if not skip[row]:
            starts[row + 1] = _split(
                data, offsets[row], offsets[row + 1], minimum, hashes, spans, starts[row], lines
            )
    return hashes[: starts[rows]].copy(), spans[:, : starts[rows]].copy(), starts


def paragraphs(texts: pa.Array, skip: np.ndarray, minimum: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The paragraphs of at least ``minimum`` characters (white space not counted) of texts.

    Args:
        texts: string [texts]. ``skip``: bool [texts], those to find none in. ``minimum``: at least 1.

    Returns:
        hashes: uint64 [paragraphs].
        spans: int64 [2, paragraphs], first byte and end byte in the buffer of ``text_buffers(texts)``.
        starts: int64 [texts + 1]; text i has the paragraphs ``starts[i]`` to ``starts[i + 1]``.
    """
    offsets, data = text_buffers(texts)
    hashes, spans, starts = _paragraphs(data, offsets, skip, minimum)
    return hashes, spans, starts
