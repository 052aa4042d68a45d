"""Words with digits: native tests of form and length for the kinds that are one word. What passes is rare,
and goes to its validator."""

from __future__ import annotations

import numba
import numpy as np

from pipeline.steps.privacy.byte_classes import DIGIT, HEX, SPACED, TOKEN, UPPER, is_one_of, run_end
from pipeline.steps.privacy.candidate_bits import CREDIT_CODE, IBAN, MAC, PASSPORT, PLATE, QQ

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
"""First characters of vehicle plates (GA 36-2018)."""

_PROVINCES = np.array([int.from_bytes(character.encode(), "big") for character in PROVINCES], np.int64)
_QQ_CONTEXT = 24
KEY_STARTS = np.array([int.from_bytes(start, "big") for start in (
    *(b"AK", b"AS", b"gh", b"gi", b"gl", b"xo", b"xa", b"AI", b"GO", b"sk", b"rk", b"ey", b"np", b"py", b"hf", b"SG"),
)], np.int64)  # fmt: skip
KEY_PREFIXES = (
    b"ghp_",
    b"gho_",
    b"ghu_",
    b"ghs_",
    b"ghr_",
    b"glpat-",
    b"npm_",
    b"hf_",
    b"sk_",
    b"rk_",
    b"sk-",
    b"GOCSPX-",
)
"""Of keys whose other characters may all be letters."""

_PREFIXES = np.array([int.from_bytes(prefix, "big") for prefix in KEY_PREFIXES], np.int64)
_LONGEST_PREFIX = max(map(len, KEY_PREFIXES))
_PREFIX_ENDS = np.array([int.from_bytes(prefix[-3:], "big") for prefix in KEY_PREFIXES], np.int64)
LEAST_KEY = 20
_SENDGRID_BYTES = 40
_IBAN_BYTES = 34 + 8  # with spaces between groups of four


@numba.njit(cache=True, nogil=True)
def _is_province(data, end, begin):  # type: ignore[no-untyped-def]
    """Whether a province's character ends at ``end``."""
    if end - begin < 3 or data[end - 1] < 128:
        return False
    code = np.int64(data[end - 3]) << 16 | np.int64(data[end - 2]) << 8 | np.int64(data[end - 1])
    return is_one_of(code, _PROVINCES)


@numba.njit(cache=True, nogil=True)
def plate(data, start, stop, begin, classes):  # type: ignore[no-untyped-def]
    """Where the plate that ends with this word begins (京A12345, 京A·12345, 京A 12345); -1 for none."""
    if classes[data[start]] & UPPER and stop - start >= 5 and _is_province(data, start, begin):
        return start - 3
    letter = start - 2
    if letter > begin and data[start - 1] == 0xB7 and data[start - 2] == 0xC2:  # ·
        letter -= 1
    elif (
        letter - 1 > begin and data[start - 1] == 0xA2 and data[start - 2] == 0x80 and data[start - 3] == 0xE2
    ):  # •
        letter -= 2
    elif not (letter >= begin and data[start - 1] in (32, 45)):
        return -1
    return (
        letter - 3
        if letter > begin and classes[data[letter]] & UPPER and _is_province(data, letter, begin)
        else -1
    )


@numba.njit(cache=True, nogil=True)
def mac(data, start, begin, end, classes):  # type: ignore[no-untyped-def]
    """Where the six pairs joined by one of : and - begin to which the pair at ``start`` belongs; -1 for
    none."""
    by = (
        data[start + 2]
        if start + 2 < end and data[start + 2] in (45, 58)
        else data[start - 1]
        if start > begin
        else 0
    )
    if by not in (45, 58):
        return -1
    first = start
    while (
        first - 3 >= begin
        and data[first - 1] == by
        and classes[data[first - 2]] & HEX
        and classes[data[first - 3]] & HEX
        and start - first < 18
    ):
        first -= 3
    if first + 17 > end or (first > begin and (classes[data[first - 1]] & TOKEN or data[first - 1] == 58)):
        return -1
    for at in range(first, first + 17):
        if not (data[at] == by if (at - first) % 3 == 2 else classes[data[at]] & HEX):
            return -1
    return -1 if first + 17 < end and (classes[data[first + 17]] & TOKEN or data[first + 17] == 58) else first


@numba.njit(cache=True, nogil=True)
def _behind_qq(data, start, begin):  # type: ignore[no-untyped-def]
    """Whether the letters nearest before a number, at most 24 bytes away, are a Q or end in one; but for one
    word that ends as number, no, id and group do."""
    at, passed = start - 1, False
    while at >= begin and start - at <= _QQ_CONTEXT:
        letter = data[at] | 32
        if 97 <= letter <= 122:
            if letter == 113 or passed or letter not in (100, 111, 112, 114):
                return letter == 113
            passed = True
            while at > begin and start - at <= _QQ_CONTEXT and 97 <= data[at - 1] | 32 <= 122:
                at -= 1
        at -= 1
    return False


@numba.njit(cache=True, nogil=True)
def _begins_iban(data, start, classes):  # type: ignore[no-untyped-def]
    """Two capitals and two digits."""
    return (classes[data[start]] & classes[data[start + 1]] & UPPER) and (
        classes[data[start + 2]] & classes[data[start + 3]] & DIGIT
    )


@numba.njit(cache=True, nogil=True)
def word(data, start, stop, begin, end, classes):  # type: ignore[no-untyped-def]
    """First byte, end and sorts of what the word ``data[start:stop]`` (letters and digits, one digit or more)
    could be."""
    size, letter = stop - start, not classes[data[start]] & DIGIT
    if size == 2:
        first = mac(data, start, begin, end, classes)
        return (first, first + 17, MAC) if first >= 0 else (start, stop, 0)
    if size < 4 or size > 34:
        return start, stop, 0
    sorts = 0
    if size <= 7:
        first = plate(data, start, stop, begin, classes)
        if first >= 0:
            # A special plate (京A1234警) ends with a character.
            return first, min(end, stop + 3) if stop < end and data[stop] >= 0xE0 else stop, PLATE
    if (
        5 <= size <= 11
        and run_end(data, start, stop, classes, DIGIT) == stop
        and _behind_qq(data, start, begin)
    ):
        sorts |= QQ
    if (
        7 <= size <= 13
        and data[start] | 32 == data[start + 1] | 32 == 113
        and run_end(data, start + 2, stop, classes, DIGIT) == stop
    ):
        return start + 2, stop, QQ
    if letter and 8 <= size <= 9 and run_end(data, start + 2, stop, classes, DIGIT) == stop:
        sorts |= PASSPORT
    if size == 18 and run_end(data, start, stop, classes, SPACED) == stop:
        sorts |= CREDIT_CODE
    if letter and (size == 4 or size >= 15) and _begins_iban(data, start, classes):
        if size > 4:
            return start, stop, sorts | IBAN
        return start, run_end(data, start, min(end, start + _IBAN_BYTES), classes, SPACED), IBAN
    return start, stop, sorts


@numba.njit(cache=True, nogil=True)
def key(data, start, stop, end, classes):  # type: ignore[no-untyped-def]
    """The end of what begins like a key: of the run of its characters and points from ``start`` on. -1 where
    it is short or begins
    otherwise. ``stop``: the end of the run without points."""
    if stop - start < 2:
        return -1
    code = np.int64(data[start]) << 8 | np.int64(data[start + 1])
    if not is_one_of(code, KEY_STARTS):
        return -1
    last = start
    while last < end and (classes[data[last]] & TOKEN or data[last] == 46):
        last += 1
    return last if last - start >= LEAST_KEY else -1


@numba.njit(cache=True, nogil=True)
def prefix_start(data, at, begin):  # type: ignore[no-untyped-def]
    """Where the longest of ``KEY_PREFIXES`` begins whose last letter stands at ``at``; -1 for none."""
    if at == begin or not is_one_of(
        np.int64(data[at - 1]) << 16 | np.int64(data[at]) << 8 | np.int64(data[at + 1]), _PREFIX_ENDS
    ):
        return -1
    code, start = np.int64(data[at + 1]), -1
    for size in range(2, min(_LONGEST_PREFIX, at + 2 - begin) + 1):
        code |= np.int64(data[at + 2 - size]) << (8 * (size - 1))
        if is_one_of(code, _PREFIXES):
            start = at + 2 - size
    return start


@numba.njit(cache=True, nogil=True)
def sendgrid_start(data, start, begin, classes):  # type: ignore[no-untyped-def]
    """Where the key with points (SG.letters.word) begins whose last word, the first with a digit, may begin
    at ``start``; else that."""
    first = start
    while first > max(begin, start - _SENDGRID_BYTES) and (
        data[first - 1] == 46 or (first < start and classes[data[first - 1]] & TOKEN)
    ):
        first -= 1
    return (
        first
        if start - first >= 3 and data[first] == 83 and data[first + 1] == 71 and data[first + 2] == 46
        else start
    )
