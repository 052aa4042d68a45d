"""What is left to count once a document was read: by distinct character, by word and by line."""

from __future__ import annotations

import numba
import numpy as np

from pipeline.text.classes import BROKEN, BULLET, CONTROL, DIGIT, FULL_WIDTH, FUNCTION, HAN, LETTER, PUNCTUATION, SPACE, TERMINAL, UPPER
from pipeline.text.utf8 import decode_at

LINE = np.dtype(
    [("hash", "u8"), ("first", "i8"), ("last", "i8"), ("size", "i4"), ("visible", "i4"), ("letters", "i4"), ("unused", "i4")],
)
"""A line that is not blank: the hash of its visible characters, byte offsets of the first and last of them, code points from the line's
beginning to the last visible one, and how many visible characters and letters it has."""

ASCII = 128
NGRAM = 10
SHORT_LINE = 30
DATA_LETTERS = 4
"""A line of data has fewer letters than one in this many characters."""

_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_1, _29, _31 = (np.uint64(number) for number in (1, 29, 31))


@numba.njit(cache=True, nogil=True)
def tally_characters(frequency, seen, table, out):  # type: ignore[no-untyped-def]
    """Adds up the classes of all characters by their ``frequency``, which is left all zero; ``seen`` are those beyond ASCII."""
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


def unit_scratch(units: int) -> tuple[np.ndarray, ...]:
    """``keys`` uint64, ``table``, ``firsts``, ``mass`` and ``places`` int32: scratch memory for so many words or lines."""
    return np.empty(units, np.uint64), np.empty(1 << (2 * units).bit_length(), np.int32), *(np.empty(units, np.int32) for _ in range(3))


@numba.njit(cache=True, nogil=True)
def _first_of(keys, number, table, firsts):  # type: ignore[no-untyped-def]
    """Writes to ``firsts[k]`` where the key ``keys[k]`` first occurs, for k < ``number``; by open addressing in ``table``.

    Here and below there is no branch on whether a key is new: half are, so that no processor could predict it.
    """
    size = 4
    while size < 2 * number:
        size *= 2
    table[:size] = 0
    mask = np.uint64(size - 1)
    for k in range(number):
        key = keys[k]
        slot = (key ^ key >> _31) * _MIX >> _29 & mask
        entry = table[slot]
        while (entry != 0) & (keys[max(entry - 1, 0)] != key):
            slot = slot + _1 & mask
            entry = table[slot]
        entry = k + 1 if entry == 0 else entry
        table[slot] = entry
        firsts[k] = entry - 1


@numba.njit(cache=True, nogil=True)
def tally_words(hashes, sizes, scratch, out):  # type: ignore[no-untyped-def]
    """Distinct words, characters in the heaviest repeated pair of words, and in runs of ``NGRAM`` words that stood before.

    ``hashes`` and ``sizes`` [words]; ``scratch`` from ``unit_scratch``.
    """
    keys, table, firsts, mass, _ = scratch
    words = hashes.size
    _first_of(hashes, words, table, firsts)
    characters = longest = distinct = heaviest = 0
    for k in range(words):
        characters += sizes[k]
        longest = max(longest, sizes[k])
        distinct += firsts[k] == k
    for k in range(words - 1):
        keys[k] = hashes[k] * _BASE + hashes[k + 1]
    _first_of(keys, words - 1, table, firsts)
    for k in range(words - 1):
        first, size = firsts[k], sizes[k] + sizes[k + 1]
        together = size + mass[first] * (first != k)
        mass[first] = together
        heaviest = max(heaviest, together * (first != k))
    out.word_characters, out.longest_word, out.distinct_words, out.top_bigram = characters, longest, distinct, heaviest
    out.duplicate_ngrams = _repeated_ngrams(hashes, sizes, scratch)


@numba.njit(cache=True, nogil=True)
def _repeated_ngrams(hashes, sizes, scratch):  # type: ignore[no-untyped-def]
    """Only a run that begins and ends with repeated pairs can be repeated, and few do: the others are not looked up.

    ``scratch`` still holds the pairs: ``firsts``, and their ``mass``, which is more than one pair's where a pair is repeated.
    """
    keys, table, firsts, mass, places = scratch
    power = np.uint64(1)
    for _ in range(NGRAM):
        power *= _BASE
    rolled, number = np.uint64(0), 0
    for k in range(hashes.size):
        rolled = rolled * _BASE + hashes[k]
        if k >= NGRAM:
            rolled -= power * hashes[k - NGRAM]
        begin = k + 1 - NGRAM
        if begin >= 0:
            keys[number], places[number] = rolled, begin
            number += (mass[firsts[begin]] > sizes[begin] + sizes[begin + 1]) & (mass[firsts[k - 1]] > sizes[k - 1] + sizes[k])
    _first_of(keys, number, table, firsts)
    characters = covered = 0
    for k in range(number):
        if firsts[k] != k:
            for j in range(max(places[k], covered), places[k] + NGRAM):
                characters += sizes[j]
            covered = places[k] + NGRAM
    return characters


@numba.njit(cache=True, nogil=True)
def _is_comment(data, first, last):  # type: ignore[no-untyped-def]
    """Whether a line begins with # * // /* -- or <!--"""
    lead = data[first]
    if lead == ord("#") or lead == ord("*"):
        return True
    if first == last:
        return False
    second = data[first + 1]
    if lead == ord("/"):
        return second == ord("/") or second == ord("*")
    return (lead == ord("-") and second == ord("-")) or (lead == ord("<") and second == ord("!"))


@numba.njit(cache=True, nogil=True)
def _ends_in_ellipsis(data, first, last, point):  # type: ignore[no-untyped-def]
    if point == ord("…"):
        return True
    return last - first >= 2 and data[last] == ord(".") and data[last - 1] == ord(".") and data[last - 2] == ord(".")


@numba.njit(cache=True, nogil=True)
def tally_lines(lines, data, classes, scratch, out):  # type: ignore[no-untyped-def]
    """How lines begin and end, how long they are, and which of them stood before."""
    keys, table, firsts, _, _ = scratch
    for k in range(lines.size):
        keys[k] = lines[k].hash
    _first_of(keys, lines.size, table, firsts)
    for k in range(lines.size):
        line = lines[k]
        begin, _ = decode_at(data, line.first)
        end, _ = decode_at(data, line.last)
        out.line_characters += line.size
        out.longest_line = max(out.longest_line, line.size)
        out.bullet += classes[begin] & BULLET != 0
        out.terminal += classes[end] & TERMINAL != 0
        out.ellipsis += _ends_in_ellipsis(data, line.first, line.last, end)
        out.short += line.size <= SHORT_LINE
        out.comment += _is_comment(data, line.first, line.last)
        if line.letters * DATA_LETTERS < line.visible:
            out.data_characters += line.visible
        if firsts[k] != k:
            out.duplicate_lines += 1
            out.duplicate_line_characters += line.size
