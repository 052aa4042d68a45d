"""What is left to count once a document was read: by distinct character and by line. Words are in
``repetition``."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import kernel
from pipeline.text.quality_signals.line_forms import ARTICLE, FIELD, ITEM, ROW, SPEECH, line_form
from pipeline.text.quality_signals.phrases import GROUP, NAMES
from pipeline.text.quality_signals.repetition import first_of
from pipeline.text.unicode.character_classes import (
    BROKEN,
    BULLET,
    CJK,
    CLOSING,
    CONTROL,
    DIGIT,
    FULL_WIDTH,
    FUNCTION,
    HAN,
    LETTER,
    PUNCTUATION,
    SPACE,
    TERMINAL,
    UPPER,
)
from pipeline.text.unicode.script import SIMPLIFIED, STANDARD, TRADITIONAL
from pipeline.text.unicode.utf8 import decode_at, eight_at

LINE = np.dtype(
    [("hash", "u8"), ("size", "i4"), ("opens", "i4"), ("words", "i4"), ("first", "i4"), ("last", "i4")]
)
"""A line that is not blank: the hash of its bytes and the number of its code points up to the last visible
one, whether it opens a paragraph, for a blank line or nothing is before it, the words up to its end, and
the classes of its first and last visible character."""

ASCII = 128
SHORT_LINE = 30
FULL = 1.4
"""A full line is at least as long as the longest, divided by this."""
FEW_RUNS = 3
CHINESE_STOP_WORDS = "的年在月是和日了於·為有被人中为他與後也而由"
"""Those of FineWeb2 (arXiv 2506.20920, configs/cmn_Hani.yml)."""
_CHINESE_STOP_WORDS = np.array([ord(word) for word in CHINESE_STOP_WORDS])
_DIRECTIVES = np.array(
    [
        [*name]
        for name in (
            b"incl",
            b"defi",
            b"if \0",
            b"if(\0",
            b"ifde",
            b"ifnd",
            b"endi",
            b"else",
            b"elif",
            b"unde",
            b"prag",
        )
    ],
    np.uint8,
)
"""How the names of the C preprocessor's directives begin; 0 is any byte."""
_EXCLAMATIONS = tuple(map(ord, "!！︕﹗"))
DATA_LETTERS = 4
"""A line of data has fewer letters than one in this many characters."""
CURLY = 1 << len(NAMES)
JAVASCRIPT = 1 << GROUP["javascript"] | 1 << GROUP["script"]
POLICY = 1 << GROUP["policy"]

_SEED = np.uint64(0x9E3779B97F4A7C15)
_PRIME = np.uint64(0xD6E8FEB86659FD93)
_32 = np.uint64(32)


@kernel
def tally_characters(frequency, seen, table, scripts, out):  # type: ignore[no-untyped-def]
    """Adds up the classes of all characters by their ``frequency``, which is left all zero; ``seen`` are
    those beyond ASCII."""
    for point in _CHINESE_STOP_WORDS:
        out.chinese_stop_words += frequency[point] > 0
    for k in range(ASCII + seen.size):
        point = k if k < ASCII else np.int64(seen[k - ASCII])
        number, flags = np.int64(frequency[point]), table[point]
        frequency[point] = 0
        if number == 0 or flags & SPACE:
            continue
        out.visible += number
        out.top_character = max(out.top_character, number)
        out.letters += number * (flags & LETTER != 0)
        out.digits += number * (flags & DIGIT != 0)
        out.upper += number * (flags & UPPER != 0)
        out.punctuation += number * (flags & PUNCTUATION != 0)
        out.control += number * (flags & CONTROL != 0)
        out.broken += number * (flags & BROKEN != 0)
        out.han += number * (flags & HAN != 0)
        out.full_width += number * (flags & FULL_WIDTH != 0)
        out.function += number * (flags & FUNCTION != 0)
        out.curly += number * (point == ord("{") or point == ord("}"))
        out.hashes += number * (point == ord("#"))
        if point < scripts.size:
            out.simplified += number * (scripts[point] >> STANDARD == SIMPLIFIED)
            out.traditional += number * (scripts[point] >> STANDARD == TRADITIONAL)


@kernel
def _hash(data, first, end):  # type: ignore[no-untyped-def]
    """Of the bytes first <= at < end, eight at a time."""
    value, at = _SEED ^ np.uint64(end - first), first
    while at + 8 <= end:
        value = (value ^ eight_at(data, at)) * _PRIME
        value ^= value >> _32
        at += 8
    while at < end:
        value = (value ^ np.uint64(data[at])) * _PRIME
        at += 1
    return value ^ value >> _32


@kernel
def _is_directive(data, first, last):  # type: ignore[no-untyped-def]
    """Whether a line that begins with # is one for C's preprocessor."""
    for k in range(_DIRECTIVES.shape[0]):
        same = first + _DIRECTIVES.shape[1] <= last
        for j in range(_DIRECTIVES.shape[1]):
            same = same and (_DIRECTIVES[k, j] == 0 or data[first + 1 + j] == _DIRECTIVES[k, j])
        if same:
            return True
    return False


@kernel
def _is_comment(data, first, last):  # type: ignore[no-untyped-def]
    """Whether a line begins with # * // /* -- or <!--, and is no directive, argument or pointer."""
    lead, second = data[first], data[first + 1] if first < last else np.uint8(ord(" "))
    if lead == ord("#"):
        return not _is_directive(data, first, last)
    if lead == ord("*"):
        return second <= ord(" ") or second == ord("/")
    if lead == ord("/"):
        return second == ord("/") or second == ord("*")
    return (lead == ord("-") and second == ord("-")) or (lead == ord("<") and second == ord("!"))


@kernel
def _ends_in_dots(data, first, last):  # type: ignore[no-untyped-def]
    return (
        last - first >= 2
        and data[last] == ord(".")
        and data[last - 1] == ord(".")
        and data[last - 2] == ord(".")
    )


@kernel
def _tally_c4(end, dots, runs, sentences, marks, out):  # type: ignore[no-untyped-def]
    """What C4 (arXiv 1910.10683, section 2.2, and its code) does with a line that ends in the character
    ``end``."""
    few, javascript, policy = runs < FEW_RUNS, marks & JAVASCRIPT != 0, marks & POLICY != 0
    out.few_runs += few
    out.javascript_lines += javascript
    out.policy_lines += policy
    ended = end == ord(".") or end == ord("?") or end == ord("!") or end == ord('"') or end == ord("'")
    if not ended or dots or few or javascript:
        return
    if marks & CURLY:
        out.c4_curly += 1
    elif not policy:
        out.c4_lines += 1
        out.c4_sentences += sentences


@kernel
def tally_line(data, classes, start, first, last, size, visible, letters, runs, sentences, marks, out):  # type: ignore[no-untyped-def]
    """How a line begins and ends, and how long it is; returns its hash.

    ``start``, ``first`` and ``last`` are the byte offsets of its beginning and of its visible characters,
    ``size`` its code points up to the last of these, ``visible`` and ``letters`` how many there are, ``runs``
    and ``sentences`` too; ``marks`` has a bit for each group of phrases in it, and ``CURLY``.
    """
    begin, _ = decode_at(data, first)
    end, width = decode_at(data, last)
    flags = classes[np.uint64(end)]
    dots = _ends_in_dots(data, first, last)
    comment = _is_comment(data, first, last)
    out.header += comment and out.header == out.lines
    out.lines += 1
    out.line_characters += size
    out.longest_line = max(out.longest_line, size)
    out.bullet += classes[np.uint64(begin)] & BULLET != 0
    out.terminal += flags & TERMINAL != 0
    out.closed += flags & (TERMINAL | CLOSING) != 0 and end not in _EXCLAMATIONS
    out.ellipsis += dots or end == ord("…")
    out.short += size <= SHORT_LINE
    out.comment += comment
    out.line_squares += size * size
    out.questions += end == ord("?") or end == 0xFF1F
    form = line_form(data, classes, first, last + width)
    out.items += form == ITEM
    out.articles += form == ARTICLE
    out.speeches += form == SPEECH
    out.rows += form == ROW
    out.fields += form == FIELD
    out.data_characters += visible * (letters * DATA_LETTERS < visible)
    _tally_c4(end, dots, runs, sentences, marks, out)
    return _hash(data, start, last + width)


@kernel
def mark_seams(lines, seams, out):  # type: ignore[no-untyped-def]
    """Marks in ``seams`` bool [words] the last words of lines that were broken because they were full,
    between two Chinese characters, or between two words where there are few of these."""
    seams[:] = False
    out.chinese = CJK if 2 * out.han > out.letters else 0
    for k in range(lines.size - 1):
        line, following = lines[k], lines[k + 1]
        full = line.size * FULL > out.longest_line and not following.opens
        both = line.last & following.first
        if full and both & LETTER and both & CJK == out.chinese and 0 < line.words < following.words:
            seams[line.words - 1] = True
            out.seams += 1


@kernel
def tally_repeats(lines, scratch, out):  # type: ignore[no-untyped-def]
    """Which lines and paragraphs stood before; a paragraph stood before if all its lines are those of
    another."""
    keys, table, firsts, sizes, counts = scratch[:5]
    for k in range(lines.size):
        keys[k] = lines[k].hash
    first_of(keys, lines.size, table, firsts, counts)
    paragraphs = 0
    for k in range(lines.size):
        line = lines[k]
        again = firsts[k] != k
        out.duplicate_lines += again
        out.duplicate_line_characters += again * line.size
        if line.opens:
            keys[paragraphs], sizes[paragraphs] = _SEED, 0
            paragraphs += 1
        keys[paragraphs - 1] = (keys[paragraphs - 1] ^ line.hash) * _PRIME
        sizes[paragraphs - 1] += line.size
    first_of(keys, paragraphs, table, firsts, counts)
    out.paragraphs = paragraphs
    for k in range(paragraphs):
        again = firsts[k] != k
        out.duplicate_paragraphs += again
        out.duplicate_paragraph_characters += again * sizes[k]
