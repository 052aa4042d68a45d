"""Whether characters and words stand beside those that they can stand beside: what tells text from the same
pieces in another order, and from what a scanner or a wrong decoding made of it. By tables, not by a model.

Names of functions, options, variables, files and hosts are no words, and their letters are not counted
(``_is_name``).
"""

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
    KIND,
    LATIN,
    LEADS_NAME,
    LONGEST_WORD,
    MARK,
    NEVER_FIRST,
    OF_NAME,
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
        for name in "letter_pairs odd_pairs latin_words odd_words openers misplaced han rare_han gaps spaces "
        "joined_lines lower_lines torn_lines clauses clause_characters clause_squares".split()
    ]
)
_FACTOR, _SHIFT = np.uint64(WORD_FACTOR), np.uint64(64 - WORD_BITS)
_NEW_LINE, _SPACE, _CASE, _WIDE_COMMA = 0x0A, 0x20, 0x20, 0xFF0C
_8 = np.uint64(8)
_SHORT = 1
"""Chinese characters on a side of a space, at most, that a scanner has put there. Who sets a term off by
spaces, or writes them for commas, has words on both sides."""
_BEHIND_HAN, _BEHIND_SPACE, _BEHIND_SYMBOL = 1, 2, 3
SMALL, CAMEL, DIGITS, NAMED = 1, 2, 4, 8
"""What a run has: small letters, a capital behind one, a digit, and anything else that words have not."""
_OF, _DONE, _WHO = map(ord, "的了者")
_INDEED, _UNDERSTAND, _TAKING_PART = (tuple(map(ord, ends)) for ends in ("确確", "解", "与與"))
"""What makes a word of a particle that no clause begins with: 的确, 了解, and 与者 in 参与者."""
_MARKS_BEHIND = np.isin(np.arange(128), [*b".,;:!?"])


@kernel
def _is_ascii_letter(point: int) -> bool:
    return 97 <= point | _CASE <= 122


@kernel
def _letters(data, at, end, pairs, out):  # type: ignore[no-untyped-def]
    """Reads ASCII letters; returns where they end, their packed lower case, 0 if they are too many, and
    ``SMALL`` and ``CAMEL``, where they have these."""
    first, packed, before, shape = at, np.uint64(0), np.uint8(0), 0
    while at < end:
        byte = data[np.uint64(at)]
        if not 97 <= byte | _CASE <= 122:
            break
        lower = (before > 96) & (byte > 96)
        out.letter_pairs += lower
        out.odd_pairs += lower & pairs[np.uint64((before & 31) << 5 | byte & 31)]
        if at - first < LONGEST_WORD:
            packed |= np.uint64(byte | _CASE) << _8 * np.uint64(at - first)
        shape |= (byte > 96) * SMALL | ((before > 96) & (byte < 96)) * CAMEL
        before = byte
        at += 1
    return at, packed if at - first <= LONGEST_WORD else np.uint64(0), shape


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
def _in_word(before, point, data, at, end):  # type: ignore[no-untyped-def]
    """Whether a particle is one of a word, with the character ``before`` or the one at ``at``."""
    if point == _WHO:
        return before in _TAKING_PART
    following = decode_at(data, at)[0] if at < end and point in (_OF, _DONE) else 0
    return following in _UNDERSTAND if point == _DONE else following in _INDEED


@kernel
def _end_clause(size, out):  # type: ignore[no-untyped-def]
    out.clauses += size > 0
    out.clause_characters += size
    out.clause_squares += size * size


@kernel
def _is_alphanumeric(byte: int) -> bool:
    """Of ASCII."""
    return _is_ascii_letter(byte) or 48 <= byte <= 57


@kernel
def _is_joined(data, start, at):  # type: ignore[no-untyped-def]
    """Whether a number or a word of ASCII is before a byte, or before the one space that is there."""
    at -= 1
    at -= at > start and data[at] == _SPACE
    return at >= start and _is_alphanumeric(data[at])


@kernel
def _stretch(beside, joined, stretch, waits, out):  # type: ignore[no-untyped-def]
    """Reads a Chinese character, ``joined`` to a number or a Latin word before it; returns ``stretch``
    and ``waits`` of ``_read``."""
    if beside == _BEHIND_HAN:
        return stretch + 1, waits
    out.spaces += beside == _BEHIND_SPACE
    if joined:
        return _SHORT + 1, False
    short = stretch <= _SHORT
    out.gaps += waits and short
    out.gaps += beside == _BEHIND_SYMBOL or (beside == _BEHIND_SPACE and short)
    return 1, beside == _BEHIND_SPACE and not short


@kernel
def _misplaced(first, flags, slips, out):  # type: ignore[no-untyped-def]
    """Counts what no clause begins with, with ``flags``, behind an opener that has the flags ``first``;
    returns ``slips``: the pairs of marks so far, one bit each."""
    one, other = first >> KIND, flags >> KIND
    pair = 1 << (8 * one + other) if one and other else 0
    out.misplaced += slips & pair == 0
    return slips | pair


@kernel
def _is_name(shape: int) -> bool:
    """Whether a run of what stands between spaces, or between characters beyond ASCII that are not Latin, is
    a name: a capital behind a small letter, digits and no small letters, or what ``_names`` and ``_joins``
    say."""
    return shape & (CAMEL | NAMED) != 0 or shape & (DIGITS | SMALL) == DIGITS


@kernel
def _words_of(shape, before, out):  # type: ignore[no-untyped-def]
    """What is counted of letters and words behind a run, which counts only if it is no name: then what was
    counted ``before``."""
    if _is_name(shape):
        out.letter_pairs, out.odd_pairs, out.latin_words, out.odd_words = before
    return out.letter_pairs, out.odd_pairs, out.latin_words, out.odd_words


@kernel
def _joins(mark, letter):  # type: ignore[no-untyped-def]
    """Whether a byte and the letter behind it stand together in names only."""
    return mark == ord(".") or mark == ord(":") or (48 <= mark <= 57 and letter < 97)


@kernel
def _names(data, at, run, flags):  # type: ignore[no-untyped-def]
    """``DIGITS`` for a digit of ASCII. ``NAMED`` where two stand in a row, for marks within or before names,
    and for a bracket right behind a letter."""
    byte, before = data[at], data[at - 1] if at > run else _SPACE
    if 48 <= byte <= 57:
        return DIGITS | (48 <= before <= 57) * NAMED
    bracket = byte == ord("(") and _is_ascii_letter(before)
    named = flags & OF_NAME != 0 or (flags & LEADS_NAME != 0 and at == run) or bracket
    return named * NAMED


@kernel
def _read(data, at, end, table, pairs, words, out):  # type: ignore[no-untyped-def]
    """Reads one document.

    ``inside``: 1 behind a Latin letter, 2 behind an intruder behind one. ``beside``: the same of Chinese
    characters, and spaces and symbols behind them; ``stretch``: the characters in a row up to here;
    ``waits``: whether a space before them is a gap if they are few. ``opener``: flags of the English word
    before. ``clause``: flags of the visible character before if it opens a Chinese clause, ``slips`` the
    pairs of marks that stood side by side, ``size`` the clause's characters. ``full``: whether the line
    before was about as long as the longest, until the next begins; ``line`` where it does. ``run``: where the
    run of what stands between spaces begins, ``shape`` what it
    has, ``words_before`` what was counted before it.
    """
    run, shape, words_before = at, 0, (np.int64(0), np.int64(0), np.int64(0), np.int64(0))
    inside = beside = stretch = opener = size = longest = slips = 0
    clause, waits, start = np.int64(0), False, at
    full, line, before = False, at, np.int64(0)
    while at < end:
        point, width = decode_at(data, at)
        if _is_ascii_letter(point):
            out.odd_words += inside == 2
            out.latin_words += inside == 0
            alone = inside == 0
            if at - 1 > run and _joins(data[at - 1], point):
                shape |= NAMED
            at, packed, letters = _letters(data, at, end, pairs, out)
            shape |= letters
            flags = _flags(packed, words) if packed and alone else 0
            _begin_line(point, flags, before, full, out)
            if opener:
                out.openers += 1
                out.misplaced += flags >> FOLLOWS & opener != 0
            opener = flags & OPENS
            waits = False
            inside, beside, clause, full, before = 1, 0, np.int64(0), False, np.int64(data[at - 1])
            continue
        flags = table[np.uint64(point)]
        if point > _SPACE and (point < 128 or flags & LATIN):
            shape |= _names(data, at, run, flags)
            at += width
        else:
            at += width
            words_before = _words_of(shape, words_before, out)
            run, shape = at, 0
        if point <= _SPACE:
            inside = 0
            beside = _BEHIND_SPACE if beside == _BEHIND_HAN and point == _SPACE else 0
            if point == _NEW_LINE:
                length = at - line
                longest = max(longest, length)
                full, line = length * FULL > longest and length > 1, at
                _end_clause(size, out)
                size = 0
            continue
        if opener:
            out.openers += 1
            mark = point < 128 and _MARKS_BEHIND[point] and (at == end or data[at] <= _SPACE)
            out.misplaced += opener & BEFORE_NOUN != 0 and mark
            opener = 0
        if clause:
            out.openers += 1
            misplaced = flags & NEVER_FIRST != 0 and (point != before or point == _WIDE_COMMA)
            if misplaced and not _in_word(before, point, data, at, end):
                slips = _misplaced(clause, np.int64(flags), slips, out)
        clause = np.int64(flags if flags & OPENER else 0)
        if flags & MARK:
            _end_clause(size, out)
            size = 0
        if flags & IS_HAN:
            size += 1
            out.han += 1
            out.rare_han += flags & RARE != 0
            joined = _is_joined(data, start, at - width)
            stretch, waits = _stretch(beside, joined, stretch, waits, out)
            beside = _BEHIND_HAN
        else:
            waits &= not 48 <= point <= 57
            beside = _BEHIND_SYMBOL if beside == _BEHIND_HAN and flags & GAP else 0
        inside = 1 if flags & LATIN else (2 if inside and flags & INTRUDER else 0)
        full, before = False, point
    out.gaps += waits and stretch <= _SHORT
    _words_of(shape, words_before, out)
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
