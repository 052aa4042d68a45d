"""The scripts of a text and the look of program text, by counting code points."""

from __future__ import annotations

import functools
import string

import numpy as np
import pyarrow as pa

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.kernel import kernel
from pipeline.text.unicode.categories import in_ranges, is_category
from pipeline.text.unicode.utf8 import decode_at

# The columns of ``script_counts``, and the classes of the table less one.
HAN, KANA, HANGUL, WORDS, SIMPLIFIED, TRADITIONAL, JAPANESE = range(7)
# Further classes: digits and underscores, which make a run of letters an identifier, and marks, which are
# passed over.
_LETTER, _JOINT, _MARK = WORDS + 1, 8, 9
STANDARD = 4
"""SIMPLIFIED, TRADITIONAL and JAPANESE are in the upper half of a Han character's class, shifted by so many
bits."""
# A single letter is a variable or a bullet more often than a word.
_LEAST_LETTERS = 2

_HAN_RANGES = ((0x3005, 0x3008), (0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x32400))
_KANA_RANGES = ((0x3041, 0x3100), (0x31F0, 0x3200), (0xFF66, 0xFFA0))
_HANGUL_RANGES = ((0x1100, 0x1200), (0x3131, 0x3190), (0xA960, 0xA980), (0xAC00, 0xD800), (0xFFA0, 0xFFDD))
SIZE = 0x32400
_STANDARDS = range(0x4E00, 0xA000)
_CODE_MARKS = b"(){}[];=_<>"
_ASCII_LETTER, _CODE_MARK, _SPACE, _WIDE = 1, 2, 3, 4


def _encodes(charset: str) -> np.ndarray:
    """bool [SIZE]: which of the unified ideographs a charset has."""
    ideographs = "".join(map(chr, _STANDARDS))
    found = np.zeros(SIZE, bool)
    found[[ord(character) for character in ideographs.encode(charset, "ignore").decode(charset)]] = True
    return found


@functools.cache
def script_table() -> np.ndarray:
    """uint8 [0x32400]: the class of each code point. The planes of ideographs are all Han, what Unicode will
    still add to them too.

    SIMPLIFIED is what GB 2312 has and Big5 lacks, TRADITIONAL the reverse, JAPANESE what only JIS X 0208 has:
    the national standards list the characters of one script each, so their difference tells the scripts
    apart.
    """
    table = np.zeros(SIZE, np.uint8)
    letters = is_category("L")[:SIZE]
    letters[[0x3005, 0x3007]] = True
    table[letters] = _LETTER
    for kind, ranges in ((HANGUL, _HANGUL_RANGES), (KANA, _KANA_RANGES), (HAN, _HAN_RANGES)):
        table[letters & in_ranges(ranges)[:SIZE]] = kind + 1
    simplified, traditional, japanese = map(_encodes, ("gb2312", "big5", "shift_jis"))
    table[simplified & ~traditional] |= SIMPLIFIED << STANDARD
    table[traditional & ~simplified] |= TRADITIONAL << STANDARD
    table[japanese & ~traditional & ~simplified] |= JAPANESE << STANDARD
    table[is_category("Nd")[:SIZE]] = table[ord("_")] = _JOINT
    table[is_category("M", "Cf")[:SIZE]] = _MARK
    table[0x20000:] = HAN + 1
    table.flags.writeable = False
    return table


@kernel
def _count_scripts(data: np.ndarray, offsets: np.ndarray, table: np.ndarray, out: np.ndarray) -> None:
    for row in range(offsets.size - 1):
        at, end = offsets[row], offsets[row + 1]
        counts = out[row]
        letters, joined = 0, False
        while at < end:
            point, width = decode_at(data, at)
            at += width
            kind = np.int64(table[point]) if point < table.size else 0
            if kind == _MARK:
                continue
            if kind in (_LETTER, _JOINT):
                letters += kind == _LETTER
                joined |= kind == _JOINT
                continue
            counts[WORDS] += letters >= _LEAST_LETTERS and not joined
            letters, joined = 0, False
            if kind:
                counts[(kind & 15) - 1] += 1
                if kind >> STANDARD:
                    counts[kind >> STANDARD] += 1
        counts[WORDS] += letters >= _LEAST_LETTERS and not joined


def script_counts(texts: pa.Array) -> np.ndarray:
    """int64 [texts, 7]: characters in HAN, KANA and HANGUL; WORDS, runs of two or more other
    letters without digits and underscores; and of the
    Han characters those that only SIMPLIFIED, only TRADITIONAL and only JAPANESE text uses."""
    offsets, data = text_buffers(texts)
    out = np.zeros((len(texts), 7), np.int64)
    _count_scripts(data, offsets, script_table(), out)
    return out


@kernel
def _count_marks(offsets, data, kinds, out):  # type: ignore[no-untyped-def]
    for document in range(out.shape[0]):
        visible = marks = prose = 0
        before = last = 0
        for at in range(offsets[document], offsets[document + 1]):
            kind = kinds[data[at]]
            visible += data[at] > 32
            marks += kind == _CODE_MARK
            prose += kind == _WIDE or (kind == _ASCII_LETTER and last == _SPACE and before == _ASCII_LETTER)
            before, last = last, kind
        out[document, 0] = marks / max(visible, 1)
        out[document, 1] = prose / max(visible, 1)


def code_marks(texts: pa.Array) -> np.ndarray:
    """float64 [documents, 2]: marks of program text (brackets, semicolons, equals signs, underscores), and
    marks of prose (single spaces between letters, and characters of three bytes), for each byte that is not
    white space."""
    offsets, data = text_buffers(texts)
    out = np.zeros((len(texts), 2), np.float64)
    _count_marks(offsets, data, _kinds(), out)
    return out


@functools.cache
def _kinds() -> np.ndarray:
    """uint8 [256]: what a byte of UTF-8 tells."""
    kinds = np.zeros(256, np.uint8)
    kinds[list(string.ascii_letters.encode())] = _ASCII_LETTER
    kinds[list(_CODE_MARKS)] = _CODE_MARK
    kinds[ord(" ")] = _SPACE
    kinds[0xE0:0xF0] = _WIDE
    kinds.flags.writeable = False
    return kinds
