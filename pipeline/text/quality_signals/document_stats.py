"""One native pass over the UTF-8 bytes of each document: characters, words, lines and phrases in raw
numbers."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from pipeline.text.arrow.buffers import TextBuffers
from pipeline.text.arrow.kernel import kernel
from pipeline.text.quality_signals.line_counts import (
    ASCII,
    CURLY,
    LINE,
    mark_seams,
    tally_characters,
    tally_line,
    tally_repeats,
)
from pipeline.text.quality_signals.phrase_match import first_phrase, match_phrase
from pipeline.text.quality_signals.phrases import GROUP, HEAD, NAMES, PhraseTables, phrase_tables
from pipeline.text.quality_signals.raw_counts import COUNTS
from pipeline.text.quality_signals.repetition import tally_words, unit_scratch
from pipeline.text.quality_signals.set_aside import STAND_IN, STAND_INS
from pipeline.text.unicode.categories import SIZE
from pipeline.text.unicode.character_classes import (
    CJK,
    CLOSING,
    DIGIT,
    FULL_WIDTH,
    LETTER,
    LOWER,
    SENTENCE_END,
    SPACE,
    TERMINAL,
    UPPER,
    class_table,
)
from pipeline.text.unicode.script import script_table
from pipeline.text.unicode.utf8 import decode_at

LONGEST = 1 << 24
"""Bytes of a document that are looked at; a longer one is measured by its beginning, so that scratch memory
stays bounded."""
GENERATED_HEAD = 1000
LINE_BREAK, BLANK, DOT, ELLIPSIS, OPEN_CURLY, HASH, OPEN_TITLE, CLOSE_TITLE = map(ord, "\n .…{#《》")
LONGEST_TITLE = 60
"""Chinese characters behind 《, at most, that are a title."""
STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")

_GENERATED, _URL, _LICENCE = GROUP["generated"], GROUP["url"], GROUP["licence"]
_PRIME = np.uint64(0xD6E8FEB86659FD93)
_OPEN = 1 << 16
_SEED = np.uint64(0x9E3779B97F4A7C15)
_ALONE = CJK | FULL_WIDTH
_BREAK = SPACE | _ALONE
_ALPHANUMERIC = LETTER | DIGIT
_STOP_SHIFT = np.uint64(56)


@kernel
def _scan(  # type: ignore[no-untyped-def]
    data, start, end, table, book, stops,
    frequency, seen, word_hash, word_end, word_plain, lines, phrases, company, out,
):  # fmt: skip
    """Reads one document; returns how many distinct characters beyond ASCII it noted in ``seen``.

    A virtual line break ends the last word and line. How often each character occurs is in ``frequency``.
    """
    distinct = position = words = symbols = alphabetic = capital = url = 0
    sentences = ellipses = visible = letters = breaks = 0
    stopped, hits, longest_word, characters, plain, title = 0, 0, 0, 0, 0, 0
    previous, run, longest_run, resume, url_from = LINE_BREAK, 1, 0, start, -1
    unit, size, hashed, before, sentence, stop = 0, 0, _SEED, 0, 0, 0
    line_at, line_from, line_first, line_last, line_end = start, 0, -1, 0, 0
    line_runs, line_sentences, marks, opens = 0, 0, 0, 1
    at, last_head = start, end - HEAD
    word_end[0] = word_plain[0] = 0
    while at <= end:
        point, width, flags = LINE_BREAK, 1, SPACE
        if at < end:
            point, width = decode_at(data, at)
            flags = table[np.uint64(point)]
            word = (point < ASCII) & (flags & _ALPHANUMERIC != 0)
            if not (flags & SPACE or (before and word)) and resume <= at <= last_head:
                phrase = first_phrase(data, at, end, book)
                if phrase >= 0:
                    phrase, length = match_phrase(data, at, end, book, phrase)
                    if length:
                        group = book.group[phrase]
                        company[group] |= book.bit[phrase]
                        resume = at + length
                        marks |= 1 << group
                        phrases[group] += group != _GENERATED or at - start < GENERATED_HEAD
                        if group == _LICENCE and phrases[group] == 1:
                            out.licence_line = out.lines + 1
                        if group == _URL and url_from < 0:
                            url_from = position
            if word:
                # Most of English and of code is in here, so the loop does what its characters need and no
                # more.
                if line_first < 0:
                    line_first = at
                first = at
                while point < ASCII and flags & _ALPHANUMERIC:
                    frequency[np.uint64(point)] += 1
                    unit |= flags
                    letters += flags & LETTER
                    hashed = (hashed ^ np.uint64(point | 32)) * _PRIME
                    run = run + 1 if point == previous else 1
                    longest_run = max(longest_run, run)
                    previous = point
                    at += 1
                    if at == end:
                        break
                    point = data[np.uint64(at)]
                    flags = table[np.uint64(point)]
                length = at - first
                size, visible, position = size + length, visible + length, position + length
                line_last, line_end = at - 1, position
                before, sentence, stop = 1, 1, 0
                continue
            if point >= ASCII and frequency[np.uint64(point)] == 0:
                seen[distinct] = point
                distinct += 1
            frequency[np.uint64(point)] += 1
        before = 0
        if flags & _BREAK and unit:
            if size:
                characters, plain = characters + size, plain + size * (title == 0)
                word_hash[np.uint64(words)] = hashed
                word_end[np.uint64(words + 1)], word_plain[np.uint64(words + 1)] = characters, plain
                words += 1
                longest_word = max(longest_word, size)
                slot = hashed >> _STOP_SHIFT
                hit = hashed == stops[slot].hash
                stopped |= hit * stops[slot].bit
                hits += hit
                capital += unit & (UPPER | LOWER) == UPPER
            else:
                symbols += 1
            alphabetic += unit & LETTER
            if url_from >= 0:
                url += position - url_from
                url_from = -1
            unit, size, hashed = 0, 0, _SEED
        if flags & SPACE:
            # Indentation.
            while point == BLANK and at + 1 < end and data[np.uint64(at + 1)] == BLANK:
                frequency[BLANK] += 1
                at, position = at + 1, position + 1
            if stop or point == LINE_BREAK:
                sentences += sentence
                sentence = stop = 0
            if point == LINE_BREAK:
                breaks += 1
                opens |= line_first < 0
                if line_first >= 0:
                    length, ended = line_end - line_from, sentences - line_sentences
                    runs = words + symbols - line_runs
                    record = lines[out.lines]
                    record.size, record.opens, record.words = length, opens, words
                    record.first = table[np.uint64(decode_at(data, line_first)[0])]
                    record.last = table[np.uint64(decode_at(data, line_last)[0])]
                    record.hash = tally_line(
                        data, table, line_at, line_first, line_last,
                        length, visible, letters, runs, ended, marks, out,
                    )  # fmt: skip
                    opens = 0
                line_at, line_from = at + 1, position + 1
                line_runs, line_sentences = words + symbols, sentences
                line_first, marks, visible, letters = -1, 0, 0, 0
        else:
            if line_first < 0:
                line_first = at
            line_last, line_end = at, position + 1
            visible += 1
            letters += flags & LETTER
            if point == previous:
                run += 1
                longest_run = max(longest_run, run)
                ellipses += point == DOT and run == 3
            else:
                run = 1
            if flags & CJK:
                characters, plain, title = characters + 1, plain + (title == 0), max(title - 1, 0)
                word_hash[np.uint64(words)] = (_SEED ^ np.uint64(point)) * _PRIME
                word_end[np.uint64(words + 1)], word_plain[np.uint64(words + 1)] = characters, plain
                words, alphabetic = words + 1, alphabetic + 1
                sentence, stop = 1, 0
            else:
                if not flags & CLOSING:
                    stop = flags & TERMINAL
                if not flags & FULL_WIDTH:
                    unit |= flags | _OPEN
                elif point in (OPEN_TITLE, CLOSE_TITLE):
                    title = (point == OPEN_TITLE) * LONGEST_TITLE
                if flags & _ALPHANUMERIC:
                    before = sentence = 1
                    hashed = (hashed ^ np.uint64(point)) * _PRIME
                    size += 1
                elif point == OPEN_CURLY:
                    marks |= CURLY
                elif point == HASH:
                    out.hash_tags += at + 1 < end and (data[at + 1] >= ord("A") or data[at + 1] == HASH)
                elif flags & SENTENCE_END:
                    ellipses += point == ELLIPSIS and run == 1
                    sentences += sentence
                    sentence = 0
        previous = point
        position += 1
        at += width
    out.code_points, out.words, out.symbols, out.breaks = position - 1, words, symbols, breaks - 1
    out.alphabetic, out.capital, out.url = alphabetic, capital, url
    out.sentences, out.ellipses, out.stop_word_hits = sentences, ellipses, hits
    out.longest_run, out.longest_word = max(longest_run, out.lines > 0), max(longest_word, words > 0)
    for bit in range(len(STOP_WORDS)):
        out.stop_words += stopped >> bit & 1
    return distinct


@kernel
def _measure(offsets, data, longest, classes, scripts, book, stops, scratch, phrases, company, counts):  # type: ignore[no-untyped-def]
    frequency, seen, word_hash, word_end, word_plain, lines, seams, units = scratch
    for d in range(offsets.size - 1):
        start, end = offsets[d], offsets[d + 1]
        if end - start > longest:
            end = start + longest
            while data[end] & 0xC0 == 0x80:
                end -= 1
        out = counts[d]
        distinct = _scan(
            data, start, end, classes, book, stops,
            frequency, seen, word_hash, word_end, word_plain, lines, phrases[d], company[d], out,
        )  # fmt: skip
        tally_characters(frequency, seen[:distinct], classes, scripts, out)
        mark_seams(lines[: out.lines], seams[: out.words], out)
        tally_words(word_hash[: out.words], word_end, word_plain, seams[: out.words], units, out)
        tally_repeats(lines[: out.lines], units, out)


def _scratch(largest: int) -> tuple[Any, ...]:
    """Room for a document of ``largest`` bytes: a word or a line takes at least two of them, the end mark
    included."""
    units = largest // 2 + 2
    return (
        np.zeros(SIZE, np.uint32),
        np.empty(min(SIZE, units), np.int32),
        np.empty(units, np.uint64),
        np.empty(units + 1, np.int32),
        np.empty(units + 1, np.int32),
        np.empty(units, LINE),
        np.empty(units, np.bool_),
        unit_scratch(units),
    )


def _word_hash(word: str) -> int:
    """The hash that the pass gives to a word in lower case."""
    value = int(_SEED)
    for point in word.encode():
        value = (value ^ point) * int(_PRIME) & 0xFFFFFFFFFFFFFFFF
    return value


def _stop_table() -> np.ndarray:
    """The stop words' hashes and bits, by the upper bits of the hash."""
    table = np.zeros(1 << 64 - int(_STOP_SHIFT), [("hash", np.uint64), ("bit", np.int64)])
    for index, word in enumerate(STOP_WORDS):
        value = _word_hash(word)
        assert table[value >> int(_STOP_SHIFT)]["hash"] == 0, "two stop words share a slot"
        table[value >> int(_STOP_SHIFT)] = value, 1 << index
    return table


@cache
def judged_classes() -> np.ndarray:
    """The class table, with what stands for code, formulas and addresses as letters."""
    table = class_table().copy()
    table[STAND_IN : STAND_IN + STAND_INS] = LETTER
    return table


def scan(texts: TextBuffers, longest: int = LONGEST) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Raw numbers of every document.

    Returns:
        ``COUNTS`` [documents], and twice int64 [documents, groups]: how often the phrases of each group of
        ``phrases.NAMES`` occur, and how many different ones.
    """
    documents = len(texts.offsets) - 1
    counts = np.zeros(documents, COUNTS)
    phrases, company = np.zeros((2, documents, len(NAMES)), np.int64)
    largest = min(int(np.diff(texts.offsets).max(initial=0)), longest)
    book: PhraseTables = phrase_tables()
    tables = judged_classes(), script_table(), book, _stop_table()
    _measure(texts.offsets, texts.data, longest, *tables, _scratch(largest), phrases, company, counts)
    return counts, phrases, np.bitwise_count(company)
