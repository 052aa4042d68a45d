"""Whether characters and words stand beside those that they can stand beside: what tells text from the same
pieces in another order, and from what a scanner or a wrong decoding made of it. By tables, not by a model."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.buffers import TextBuffers
from pipeline.text.arrow.kernel import kernel
from pipeline.text.quality_signals.line_counts import FULL
from pipeline.text.quality_signals.neighbour_classes import (
    BEFORE_NOUN,
    FOLLOWS,
    GAP,
    INTRUDER,
    IS_HAN,
    LATIN,
    LONGEST_WORD,
    MARK,
    NEVER_FIRST,
    OPENER,
    OPENS,
    RARE,
    STARTER,
    WORD_BITS,
    WORD_FACTOR,
    character_table,
    odd_pairs,
    word_table,
)
from pipeline.text.unicode.utf8 import decode_at

NEIGHBOURS = np.dtype(
    [
        (name, np.int64)
        for name in "letter_pairs odd_pairs latin_words odd_words openers misplaced han rare_han gaps "
        "joined_lines lower_lines torn_lines clauses clause_characters clause_squares".split()
    ]
)
_FACTOR, _SHIFT = np.uint64(WORD_FACTOR), np.uint64(64 - WORD_BITS)
_NEW_LINE, _SPACE, _CASE, _WIDE_COMMA = 0x0A, 0x20, 0x20, 0xFF0C
_8 = np.uint64(8)
_UNDERSTAND = np.frombuffer("了解".encode(), np.uint8)
"""The word that begins with a particle which no clause begins with."""
_MARKS_BEHIND = np.isin(np.arange(128), [*b".,;:!?"])


@kernel
def _is_ascii_letter(point: int) -> bool:
    return 97 <= point | _CASE <= 122


@kernel
def _letters(data, at, end, pairs, out):  # type: ignore[no-untyped-def]
    """Reads ASCII letters; returns where they end and their packed lower case, 0 if they are too many."""
    first, packed, before = at, np.uint64(0), np.uint8(0)
    while at < end:
        byte = data[np.uint64(at)]
        if not 97 <= byte | _CASE <= 122:
            break
        lower = (before > 96) & (byte > 96)
        out.letter_pairs += lower
        out.odd_pairs += lower & pairs[np.uint64((before & 31) << 5 | byte & 31)]
        if at - first < LONGEST_WORD:
            packed |= np.uint64(byte | _CASE) << _8 * np.uint64(at - first)
        before = byte
        at += 1
    return at, packed if at - first <= LONGEST_WORD else np.uint64(0)


@kernel
def _flags(packed, words):  # type: ignore[no-untyped-def]
    found = words[packed * _FACTOR >> _SHIFT]
    return found.flags if found.word == packed else 0


@kernel
def _begin_line(point, flags, last, full, out):  # type: ignore[no-untyped-def]
    """A line that begins with an ASCII word, behind a ``full`` one that ended in the character ``last``."""
    if not full:
        return
    out.joined_lines += 1
    lower = point >= 97
    out.lower_lines += lower
    closed = last == ord(".") or last == ord("!") or last == ord("?")
    inside = 97 <= last <= 122 or last == ord(",")
    out.torn_lines += (closed and lower) or (inside and not lower and flags & STARTER != 0)


@kernel
def _understands(data, at, end):  # type: ignore[no-untyped-def]
    same = at + _UNDERSTAND.size <= end
    for k in range(_UNDERSTAND.size):
        same = same and data[at + k] == _UNDERSTAND[k]
    return same


@kernel
def _end_clause(size, out):  # type: ignore[no-untyped-def]
    out.clauses += size > 0
    out.clause_characters += size
    out.clause_squares += size * size


@kernel
def _read(data, at, end, table, pairs, words, out):  # type: ignore[no-untyped-def]
    """Reads one document.

    ``inside``: 1 behind a Latin letter, 2 behind an intruder behind one. ``beside``: the same of Chinese
    characters and gaps. ``opener``: flags of the English word before. ``clause``: whether the visible
    character before opens a Chinese clause, ``size`` the clause's characters. ``full``: whether the line
    before was about as long as the longest, until the next begins; ``line`` where it does.
    """
    inside = beside = opener = clause = size = longest = 0
    full, line, before = False, at, np.int64(0)
    while at < end:
        point, width = decode_at(data, at)
        if _is_ascii_letter(point):
            out.odd_words += inside == 2
            out.latin_words += inside == 0
            alone = inside == 0
            at, packed = _letters(data, at, end, pairs, out)
            flags = _flags(packed, words) if packed and alone else 0
            _begin_line(point, flags, before, full, out)
            if opener:
                out.openers += 1
                out.misplaced += flags >> FOLLOWS & opener != 0
            opener = flags & OPENS
            inside, beside, clause, full, before = 1, 0, 0, False, np.int64(data[at - 1])
            continue
        at += width
        if point <= _SPACE:
            inside = 0
            beside = 2 if beside == 1 and point == _SPACE else 0
            if point == _NEW_LINE:
                length = at - line
                longest = max(longest, length)
                full, line = length * FULL > longest and length > 1, at
                _end_clause(size, out)
                size = 0
            continue
        flags = table[np.uint64(point)]
        if opener:
            out.openers += 1
            out.misplaced += opener & BEFORE_NOUN != 0 and point < 128 and _MARKS_BEHIND[point]
            opener = 0
        if clause:
            out.openers += 1
            misplaced = flags & NEVER_FIRST != 0 and (point != before or point == _WIDE_COMMA)
            out.misplaced += misplaced and not _understands(data, at - width, end)
        clause = flags & OPENER
        if flags & MARK:
            _end_clause(size, out)
            size = 0
        if flags & IS_HAN:
            size += 1
            out.han += 1
            out.rare_han += flags & RARE != 0
            out.gaps += beside == 2
            beside = 1
        else:
            beside = 2 if beside == 1 and flags & GAP else 0
        inside = 1 if flags & LATIN else (2 if inside and flags & INTRUDER else 0)
        full, before = False, point
    _end_clause(size, out)


@kernel
def _neighbours(offsets, data, chosen, longest, table, pairs, words, counts):  # type: ignore[no-untyped-def]
    for row in np.flatnonzero(chosen):
        start, end = offsets[row], offsets[row + 1]
        if end - start > longest:
            end = start + longest
            while data[end] & 0xC0 == 0x80:
                end -= 1
        _read(data, start, end, table, pairs, words, counts[row])


def neighbours(texts: TextBuffers, chosen: np.ndarray, longest: int) -> np.ndarray:
    """``NEIGHBOURS`` [documents], of the first ``longest`` bytes of each of the ``chosen`` ones, bool
    [documents]; zeros of the others."""
    counts = np.zeros(len(texts.offsets) - 1, NEIGHBOURS)
    tables = character_table(), odd_pairs(), word_table()
    _neighbours(texts.offsets, texts.data, chosen, longest, *tables, counts)
    return counts
