"""Segmenting texts that have changed: a line that stood in the text of before keeps its pieces, only the
others are searched for new ones.

A line break is a piece of its own and part of no other, so the best pieces of a line do not depend on its
neighbours: they are those that ``unigram.segment`` finds, but for ways through a line that are equally
probable, between which the last digit of a sum decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.text.arrow.buffers import TextBuffers
from pipeline.text.arrow.kernel import inlined, kernel
from pipeline.text.contamination.hash_table import find
from pipeline.text.contamination.ngrams import BASE, powers_of_base
from pipeline.text.tokenization.unigram import Pieces, append_pieces, normalize
from pipeline.text.unicode.utf8 import eight_at

BREAK = 10
_ONE = np.uint64(1)
_Ends = tuple[np.int64, np.int64]
_NOWHERE: _Ends = (np.int64(-1), np.int64(-1))


class Spelling(NamedTuple):
    """What each id stands for.

    ``table`` uint64 [ids, 4]: the number of its bytes, 0 for an id that stands for no text; the first eight
    of them as a little-endian number; their polynomial hash; and where they begin in ``data`` uint8.
    ``powers`` uint64: the hash's base to the power of 0, 1, ...
    ``line_break``: the id of the only piece with a line break in it.
    """

    table: np.ndarray
    data: np.ndarray
    powers: np.ndarray
    line_break: int


def build_spelling(names: Sequence[bytes], line_break: int) -> Spelling:
    """``names``: the bytes of each id."""
    starts = np.cumsum([0, *map(len, names)])
    rows = [
        (len(name), int.from_bytes(name[:8], "little"), _hash(name), start)
        for name, start in zip(names, starts.tolist(), strict=False)
    ]
    data = np.frombuffer(b"".join(names), np.uint8)
    return Spelling(np.array(rows, np.uint64), data, powers_of_base(max(map(len, names))), line_break)


def _hash(name: bytes) -> int:
    value = 0
    for byte in name:
        value = (value * int(BASE) + byte) % 2**64
    return value


def segment_changed_lines(
    texts: TextBuffers, known: np.ndarray, known_begins: np.ndarray, spelling: Spelling, pieces: Pieces
) -> tuple[np.ndarray, np.ndarray]:
    """Ids uint32 [tokens] of all texts, and where each begins: int64 [texts + 1]. ``known``: ids uint32 of an
    earlier form of each text, which begin at ``known_begins`` int64 [texts + 1]."""
    ids, begins = _segment_again(*texts, known, known_begins, spelling, pieces)
    return ids, begins


@kernel
def _segment_again(
    offsets: np.ndarray,
    data: np.ndarray,
    known: np.ndarray,
    known_begins: np.ndarray,
    spelling: Spelling,
    pieces: Pieces,
) -> tuple[np.ndarray, np.ndarray]:
    room = 0
    for text in range(len(offsets) - 1):
        room = max(room, offsets[text + 1] - offsets[text])
    room += 9  # a space before, and what a load of eight bytes at the last one takes
    normal, best, last = np.empty(room, np.uint8), np.empty(room, np.float32), np.empty(room, np.int32)
    found = np.empty(offsets[-1] - offsets[0] + 3 * len(offsets), np.uint32)
    begins = np.zeros(len(offsets), np.int64)
    for text in range(len(offsets) - 1):
        size = np.int64(normalize(data[offsets[text] : offsets[text + 1]], normal))
        before = known[known_begins[text] : known_begins[text + 1]]
        lines = np.empty((2, 0), np.uint64)
        count, line, at, searched = begins[text], np.int64(0), np.int64(0), np.int64(0)
        while at < size:
            # The line that followed there mostly follows here too.
            stop, end = _follow(before, line, normal, np.uint64(at), np.uint64(size), spelling)
            if stop < 0:
                if lines.size == 0:
                    lines = _lines(before, spelling)
                line = _find_line(lines, normal, at, size)
                stop, end = _follow(before, line, normal, np.uint64(at), np.uint64(size), spelling)
            if stop >= 0:
                if searched < at:
                    count = append_pieces(normal[searched:at], pieces, best, last, found, count)
                for place in range(line, stop):
                    found[count], count = before[place], count + 1
                if end < size:
                    found[count], count = spelling.line_break, count + 1
                line, searched = stop + 1, end + 1
            else:
                end = at
                while end < size and normal[end] != BREAK:
                    end += 1
            at = end + 1
        begins[text + 1] = append_pieces(normal[min(searched, size) : size], pieces, best, last, found, count)
    return found[: begins[-1]].copy(), begins


@inlined
def _follow(
    known: np.ndarray, line: int, text: np.ndarray, at: np.uint64, size: np.uint64, spelling: Spelling
) -> _Ends:
    """Ends, in ids and in the text, of the line of ``known`` that begins at id ``line`` and of the text's
    line that begins at byte ``at``, which must be the same bytes; else -1, -1."""
    one, place, of = np.uint64(1), np.uint64(line), spelling.table
    while place < np.uint64(len(known)) and known[place] != spelling.line_break:
        row = np.uint64(known[place])
        width = of[row, 0]
        unseen = np.uint64(64) - np.uint64(8) * min(width, np.uint64(8))
        if width == 0 or at + width > size or (eight_at(text, np.int64(at)) ^ of[row, 1]) << unseen != 0:
            return _NOWHERE
        for byte in range(8, np.int64(width)):
            if spelling.data[of[row, 3] + np.uint64(byte)] != text[at + np.uint64(byte)]:
                return _NOWHERE
        place, at = place + one, at + width
    same = place <= np.uint64(len(known)) and (at == size or text[at] == BREAK)
    return (np.int64(place), np.int64(at)) if same else _NOWHERE


@kernel
def _lines(known: np.ndarray, spelling: Spelling) -> np.ndarray:
    """The lines of a text given by its ids, for ``find``: the hash of their bytes, and the place of their
    first id."""
    capacity = 4
    while capacity < 2 * (np.count_nonzero(known == spelling.line_break) + 1):
        capacity *= 2
    lines = np.zeros((2, capacity), np.uint64)
    begin, value = 0, np.uint64(0)
    for at in range(len(known) + 1):
        if at < len(known) and known[at] != spelling.line_break:
            value = value * spelling.powers[spelling.table[known[at], 0]] + spelling.table[known[at], 2]
            continue
        place = find(lines, value | _ONE)
        lines[0, place], lines[1, place] = value | _ONE, begin
        begin, value = at + 1, np.uint64(0)
    return lines


@kernel
def _find_line(lines: np.ndarray, text: np.ndarray, at: int, size: int) -> np.int64:
    """The place of the first id of a known line that has the hash of a text's line; -1 where there is
    none."""
    value = np.uint64(0)
    while at < size and text[at] != BREAK:
        value, at = value * BASE + np.uint64(text[at]), at + 1
    place = find(lines, value | _ONE)
    return np.int64(lines[1, place]) if lines[0, place] != 0 else np.int64(-1)
