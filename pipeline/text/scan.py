"""One native pass over the UTF-8 bytes of each document: characters, words, lines and phrases in raw numbers."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from pipeline.text.buffers import TextBuffers
from pipeline.text.classes import CJK, DIGIT, FULL_WIDTH, LETTER, SENTENCE_END, SIZE, SPACE, class_table
from pipeline.text.phrases import GROUP, GROUPS, HEAD, KEY_BITS, KEY_FACTOR, KEY_FOLD, PhraseTables, phrase_tables
from pipeline.text.tallies import ASCII, LINE, tally_characters, tally_lines, tally_words, unit_scratch
from pipeline.text.utf8 import decode_at

LONGEST = 1 << 24
"""Bytes of a document that are looked at; a longer one is measured by its beginning, so that scratch memory stays bounded."""
GENERATED_HEAD = 1000
LINE_BREAK, DOT, ELLIPSIS = ord("\n"), ord("."), ord("…")
STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
LONGEST_STOP_WORD = max(map(len, STOP_WORDS))

COUNTS = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("code_points", "visible", "letters", "digits", "upper", "punctuation", "control", "broken", "han", "full_width", "function"),
            *("curly", "hashes", "top_character", "longest_run", "url", "sentences", "ellipses"),
            *("words", "symbols", "alphabetic", "word_characters", "longest_word", "stop_words"),
            *("distinct_words", "top_bigram", "duplicate_ngrams"),
            *("lines", "line_characters", "longest_line", "bullet", "ellipsis", "terminal", "short", "comment", "data_characters"),
            *("duplicate_lines", "duplicate_line_characters"),
        )
    ]
)
"""The raw numbers of a document; ``pipeline.text.signals`` says what becomes of them."""

_GENERATED, _URL = GROUP["generated"], GROUP["url"]
_PRIME = np.uint64(0xD6E8FEB86659FD93)
_OPEN = 1 << 16
_SEED = np.uint64(0x9E3779B97F4A7C15)
_ALONE = CJK | FULL_WIDTH
_BREAK = SPACE | _ALONE
_ALPHANUMERIC = LETTER | DIGIT
_8, _16, _24, _SHIFT = (np.uint64(number) for number in (8, 16, 24, 32 - KEY_BITS))
_FOLD, _FACTOR, _LOW_32 = (np.uint64(number) for number in (KEY_FOLD, KEY_FACTOR, 0xFFFFFFFF))


@numba.njit(cache=True, nogil=True)
def _key(data, at):  # type: ignore[no-untyped-def]
    """The key of the four bytes at an offset, as in ``phrases``."""
    four = np.uint64(data[at]) | np.uint64(data[at + 1]) << _8 | np.uint64(data[at + 2]) << _16 | np.uint64(data[at + 3]) << _24
    return ((four | _FOLD) * _FACTOR & _LOW_32) >> _SHIFT


@numba.njit(cache=True, nogil=True)
def _match(data, at, end, book):  # type: ignore[no-untyped-def]
    """Group and length of a phrase that begins at a byte offset, or (-1, 0)."""
    phrase = book.first[_key(data, at)] - 1
    while phrase >= 0:
        first, length = book.offsets[phrase], book.offsets[phrase + 1] - book.offsets[phrase]
        same = at + length <= end
        k = 0
        while same and k < length:
            byte = data[at + k]
            same = (byte | 32 if 65 <= byte <= 90 else byte) == book.data[first + k]
            k += 1
        if same:
            return book.group[phrase], length
        phrase = book.following[phrase] - 1
    return -1, 0


@numba.njit(cache=True, nogil=True)
def _scan(data, start, end, table, book, stops, frequency, seen, word_hash, word_size, lines, phrases, out):  # type: ignore[no-untyped-def]
    """Reads one document; returns how many distinct characters beyond ASCII it noted in ``seen``.

    A virtual line break behind the last byte ends the last word and line. What follows from how often each character occurs is not counted
    here: ``frequency`` tells it in the end.
    """
    distinct = position = words = symbols = alphabetic = line = url = sentences = stopped = ellipses = visible = letters = 0
    previous, run, longest_run, resume, url_from = LINE_BREAK, 1, 0, start, -1
    unit, size, hashed, before, sentence = 0, 0, _SEED, 0, 0
    line_from, line_first, line_last, line_end, line_hash = 0, -1, 0, 0, _SEED
    at, last_head = start, end - HEAD
    while at <= end:
        point, width, flags = LINE_BREAK, 1, SPACE
        if at < end:
            point, width = decode_at(data, at)
            flags = table[point]
            inside = before and point < ASCII and flags & _ALPHANUMERIC
            if not inside and resume <= at <= last_head and book.first[_key(data, at)] != 0:
                group, length = _match(data, at, end, book)
                if length:
                    resume = at + length
                    if group != _GENERATED or at - start < GENERATED_HEAD:
                        phrases[group] += 1
                    if group == _URL and url_from < 0:
                        url_from = position
            if point < ASCII and flags & _ALPHANUMERIC:
                # Most of English and of code is in here, so the loop does what its characters need and no more.
                if line_first < 0:
                    line_first = at
                first = at
                while point < ASCII and flags & _ALPHANUMERIC:
                    frequency[point] += 1
                    unit |= flags
                    letters += flags & LETTER
                    hashed = (hashed ^ np.uint64(point | 32)) * _PRIME
                    line_hash = (line_hash ^ np.uint64(point)) * _PRIME
                    run = run + 1 if point == previous else 1
                    longest_run = max(longest_run, run)
                    previous = point
                    at += 1
                    if at == end:
                        break
                    point = data[at]
                    flags = table[point]
                length = at - first
                size, visible, position = size + length, visible + length, position + length
                line_last, line_end = at - 1, position
                before = sentence = 1
                continue
            if point >= ASCII and frequency[point] == 0:
                seen[distinct] = point
                distinct += 1
            frequency[point] += 1
        before = 0
        if flags & _BREAK and unit:
            if size:
                word_hash[words], word_size[words] = hashed, size
                words += 1
                if size <= LONGEST_STOP_WORD:
                    for k in range(stops.size):
                        stopped |= (hashed == stops[k]) << k
            else:
                symbols += 1
            alphabetic += unit & LETTER
            if url_from >= 0:
                url += position - url_from
                url_from = -1
            unit, size, hashed = 0, 0, _SEED
        if flags & SPACE:
            if point == LINE_BREAK:
                if line_first >= 0:
                    record = lines[line]
                    record.hash, record.first, record.last, record.size = line_hash, line_first, line_last, line_end - line_from
                    record.visible, record.letters = visible, letters
                    line += 1
                line_from, line_first, visible, letters, line_hash = position + 1, -1, 0, 0, _SEED
                sentences += sentence != 0
                sentence = 0
        else:
            if line_first < 0:
                line_first = at
            line_last, line_end = at, position + 1
            visible += 1
            letters += flags & LETTER
            line_hash = (line_hash ^ np.uint64(point)) * _PRIME
            if point == previous:
                run += 1
                longest_run = max(longest_run, run)
                ellipses += point == DOT and run == 3
            else:
                run = 1
            sentence |= flags & _ALPHANUMERIC
            if flags & _ALONE:
                if flags & CJK:
                    word_hash[words], word_size[words] = (_SEED ^ np.uint64(point)) * _PRIME, 1
                    words += 1
                    alphabetic += 1
            else:
                unit |= flags | _OPEN
                if flags & _ALPHANUMERIC:
                    before = 1
                    hashed = (hashed ^ np.uint64(point)) * _PRIME
                    size += 1
            if flags & SENTENCE_END:
                ellipses += point == ELLIPSIS and run == 1
                sentences += sentence != 0
                sentence = 0
        previous = point
        position += 1
        at += width
    out.code_points, out.words, out.lines, out.symbols = position - 1, words, line, symbols
    out.alphabetic, out.url, out.sentences, out.ellipses = alphabetic, url, sentences, ellipses
    out.longest_run = max(longest_run, line > 0)
    while stopped:
        out.stop_words += stopped & 1
        stopped >>= 1
    return distinct


@numba.njit(cache=True, nogil=True)
def _measure(offsets, data, longest, classes, book, stops, scratch, phrases, counts):  # type: ignore[no-untyped-def]
    frequency, seen, word_hash, word_size, lines, units = scratch
    for d in range(offsets.size - 1):
        start, end = offsets[d], offsets[d + 1]
        if end - start > longest:
            end = start + longest
            while data[end] & 0xC0 == 0x80:
                end -= 1
        out = counts[d]
        distinct = _scan(data, start, end, classes, book, stops, frequency, seen, word_hash, word_size, lines, phrases[d], out)
        tally_characters(frequency, seen[:distinct], classes, out)
        tally_words(word_hash[: out.words], word_size, units, out)
        tally_lines(lines[: out.lines], data, classes, units, out)


def _scratch(largest: int) -> tuple[Any, ...]:
    """Room for a document of ``largest`` bytes: a word or a line takes at least two of them, the end mark included."""
    units = largest // 2 + 2
    return (
        np.zeros(SIZE, np.uint32),
        np.empty(min(SIZE, units), np.int32),
        np.empty(units, np.uint64),
        np.empty(units, np.int32),
        np.empty(units, LINE),
        unit_scratch(units),
    )


def _word_hash(word: str) -> int:
    """The hash that the pass gives to a word in lower case."""
    value = int(_SEED)
    for point in word.encode():
        value = (value ^ point) * int(_PRIME) & 0xFFFFFFFFFFFFFFFF
    return value


def scan(texts: TextBuffers, longest: int = LONGEST) -> tuple[np.ndarray, np.ndarray]:
    """Raw numbers of every document.

    Returns:
        ``COUNTS`` [documents], and int64 [documents, groups]: how often the phrases of each group of ``phrases.GROUPS`` occur.
    """
    documents = len(texts.offsets) - 1
    counts = np.zeros(documents, COUNTS)
    phrases = np.zeros((documents, len(GROUPS)), np.int64)
    largest = min(int(np.diff(texts.offsets).max(initial=0)), longest)
    stops = np.array([_word_hash(word) for word in STOP_WORDS], np.uint64)
    book: PhraseTables = phrase_tables()
    _measure(texts.offsets, texts.data, longest, class_table(), book, stops, _scratch(largest), phrases, counts)
    return counts, phrases
