"""Text units: what shingles and n-grams are made of, found and hashed straight from UTF-8.

A unit is a word (a run of letters and digits, lower-cased) or one Chinese, Japanese or Korean character.
White space, punctuation and symbols separate units; combining marks and format characters (soft hyphen,
zero-width space, byte order mark) are passed over, so that invisible edits do not make another text.
Full-width letters and digits count as the plain ones.
"""

from __future__ import annotations

import functools

import numpy as np

from pipeline.text.arrow.kernel import inlined, kernel
from pipeline.text.unicode.categories import is_category
from pipeline.text.unicode.utf8 import decode_at

SEPARATOR, TRANSPARENT = 0, 1
CJK = 1 << 31
FULL_WIDTH = (0xFF01, 0xFF5F)
CJK_RANGES = (
    (0x1100, 0x1200),  # Hangul Jamo
    (0x3005, 0x3008),  # iteration mark, closing mark, zero
    (0x3041, 0x3100),  # Hiragana, Katakana
    (0x3131, 0x3190),  # Hangul compatibility Jamo
    (0x31A0, 0x31C0),  # Bopomofo extended
    (0x31F0, 0x3200),  # Katakana extensions
    (0x3400, 0x4DC0),  # Han extension A
    (0x4E00, 0xA000),  # Han
    (0xAC00, 0xD7B0),  # Hangul
    (0xF900, 0xFB00),  # Han compatibility
    (0xFF66, 0xFFDD),  # half-width Katakana and Hangul
)
HAN_SUPPLEMENT = (0x20000, 0x32400)

_SEED = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0xD6E8FEB86659FD93)


@functools.cache
def fold_table() -> np.ndarray:
    """uint32 [0x32400], by code point: SEPARATOR, TRANSPARENT, or the folded code point with bit 31 set where
    it is CJK."""
    first, last = HAN_SUPPLEMENT
    plain = np.arange(last, dtype=np.uint32)
    begin, end = FULL_WIDTH
    plain[begin:end] -= 0xFEE0
    for point in np.flatnonzero(is_category("Lu", "Lt", "Nl")[:first]):
        lower = chr(plain[point]).lower()
        plain[point] = ord(lower) if len(lower) == 1 else point
    for begin, end in (*CJK_RANGES, HAN_SUPPLEMENT):
        plain[begin:end] |= np.uint32(CJK)
    named = is_category("L", "N")[:last]
    named[first:] = True
    table = np.where(named, plain, np.uint32(SEPARATOR))
    table[:first][is_category("M", "Cf")[:first]] = TRANSPARENT
    return table


@inlined
def _finish(state: np.uint64) -> np.uint64:
    state = (state ^ (state >> np.uint64(32))) * _MIX
    return state ^ (state >> np.uint64(29))


@inlined
def _beyond(point: int) -> int:
    """The code of a point after the table: tags and variation selectors are marks."""
    is_tag = point == 0xE0001 or 0xE0020 <= point < 0xE0080
    return TRANSPARENT if is_tag or 0xE0100 <= point < 0xE01F0 else SEPARATOR


@kernel
def is_cjk(data: np.ndarray, begin: int, end: int, fold: np.ndarray) -> bool:
    """Whether at least half of a text's units are CJK characters (a word counts as one unit, however
    long)."""
    # Every CJK range begins with lead byte E1 or E3 and above: most texts in other scripts are told by one
    # vectorised pass.
    leads = 0
    for position in range(begin, end):
        leads += (data[position] >= np.uint8(0xE1)) & (data[position] != np.uint8(0xE2))
    if leads == 0:
        return False
    characters, words, inside = 0, 0, False
    position = begin
    while position < end:
        point, width = decode_at(data, position)
        position += width
        code = fold[point] if point < fold.size else np.uint32(_beyond(point))
        if code == TRANSPARENT:
            continue
        if code >= CJK:
            characters += 1
        elif code != SEPARATOR and not inside:
            words += 1
        inside = bool(code != SEPARATOR and code < CJK)
        while inside and position < end and data[position] < 0x80 and fold[data[position]] != SEPARATOR:
            position += 1
    return characters > 0 and characters >= words


@kernel
def scan(
    data: np.ndarray,
    position: int,
    end: int,
    fold: np.ndarray,
    by_character: bool,
    hashes: np.ndarray,
    spans: np.ndarray,
    count: int,
) -> tuple[int, int]:
    """Appends a text's next units to a buffer until the text or the buffer ends.

    Args:
        data: uint8, valid UTF-8. ``position``, ``end``: the bytes to read.
        fold: from ``fold_table``.
        by_character: every letter and digit is a unit of its own, not only CJK characters.
        hashes: uint64 [capacity], receives the units' hashes; bit 0 is set for CJK characters and clear for
            the others.
        spans: int64 [2, capacity], receives first byte and end byte.
        count: units in the buffer already.

    Returns:
        count: units in the buffer now.
        position: where to go on; ``end`` when the text is used up.
    """
    state, first, last, inside = _SEED, position, position, False
    while position < end:
        point, width = decode_at(data, position)
        code = np.uint64(fold[np.uint64(point)]) if point < fold.size else np.uint64(_beyond(point))
        if code == TRANSPARENT:
            position += width
            continue
        alone = code >= CJK or by_character
        if inside and (code == SEPARATOR or alone):
            hashes[np.uint64(count)] = _finish(state) & ~np.uint64(1)
            spans[0, np.uint64(count)], spans[1, np.uint64(count)] = first, last
            state, inside, count = _SEED, False, count + 1
        if count == hashes.size:
            return count, position
        position += width
        if code == SEPARATOR:
            continue
        if alone:
            hashes[np.uint64(count)] = _finish((_SEED ^ code) * _PRIME) & ~np.uint64(1) | np.uint64(
                code >= CJK
            )
            spans[0, np.uint64(count)], spans[1, np.uint64(count)] = position - width, position
            count += 1
            continue
        if not inside:
            first, inside = position - width, True
        state = (state ^ code) * _PRIME
        # The rest of an ASCII word, which needs no decoding.
        while (
            position < end
            and data[np.uint64(position)] < 0x80
            and fold[data[np.uint64(position)]] != SEPARATOR
        ):
            state = (state ^ np.uint64(fold[data[np.uint64(position)]])) * _PRIME
            position += 1
        last = position
    if inside:
        hashes[np.uint64(count)] = _finish(state) & ~np.uint64(1)
        spans[0, np.uint64(count)], spans[1, np.uint64(count)] = first, last
        count += 1
    return count, position
