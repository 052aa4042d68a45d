"""Where in a batch personal data could stand: one native pass that no document can make slow."""

from __future__ import annotations

import numba
import numpy as np

from pipeline.steps.privacy.byte_classes import ALNUM, CLASSES, DIGIT, HEX, TOKEN, WORD, run_end, run_start
from pipeline.steps.privacy.candidate_bits import API_KEY, EMAIL, IPV6, PASSWORD, PRIVATE_KEY, URL, WECHAT
from pipeline.steps.privacy.contexts import BLOCK, assignment, private_key, wechat
from pipeline.steps.privacy.fullwidth import is_wide
from pipeline.steps.privacy.number_runs import number
from pipeline.steps.privacy.urls import email, url
from pipeline.steps.privacy.words import LEAST_KEY, key, prefix_start, sendgrid_start, word
from pipeline.text.arrow.buffers import TextBuffers

_A_DIGIT, _AT, _LINK, _ADDRESS, _SIGN, _W, _X, _CHARACTER, _K, _PREFIX, _CAPITALS, _WIDE, _WIDE_SMALL = (
    1 << bit for bit in range(13)
)
_ANY, _LETTERS_AND_DIGITS = (
    bytes(range(256)),
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
)
_PAIRS = {
    _A_DIGIT: (b"0123456789", _ANY),
    _AT: (b"@", _LETTERS_AND_DIGITS),
    _LINK: (b":", b"/"),
    _ADDRESS: (b":", b"0123456789abcdefABCDEF:"),
    _SIGN: (b":=", b"\"' "),
    _W: (b"wW", b"wWeE"),
    _X: (b"xX", b" :=-_(" + bytes(range(0x80, 0x100))),
    _CHARACTER: (b"\xbf", b"\xa1"),
    _K: (b"K", b"E"),
    _PREFIX: (b"fkmoprstuX", b"_-"),
    _CAPITALS: (b"A", b"IKS"),
    _WIDE: (b"\xbc", bytes((0x88, *range(0x90, 0x9A), *range(0xA0, 0xBB)))),
    _WIDE_SMALL: (b"\xbd", bytes(range(0x81, 0x9B))),
}
"""What could begin, or be known by, a pair of bytes. 0xBF 0xA1 ends 信 and few other characters."""


def _triggers() -> np.ndarray:
    """uint16 [2, 256]: which triggers have each byte first, and which second."""
    table = np.zeros((2, 256), np.uint16)
    for bit, pair in _PAIRS.items():
        for place, characters in enumerate(pair):
            table[place, list(characters)] |= bit
    return table


FIRST, SECOND = _triggers()
_1 = np.uint64(1)
_MOST_ADDED = 3  # candidates of one digit: a number, a word, a key


@numba.njit(cache=True, nogil=True)
def _next_trigger(data, at, end, firsts, seconds):  # type: ignore[no-untyped-def]
    """The first byte from ``at`` on that is a trigger. Nearly all bytes are passed here, so the loop does
    nothing else."""
    position, last = np.uint64(at), np.uint64(end - 1)  # an index that cannot be negative needs no check
    while position < last:
        if firsts[data[position]] & seconds[data[position + _1]]:
            return np.int64(position)
        position += _1
    return end if at >= end or not firsts[data[end - 1]] & _A_DIGIT else end - 1


@numba.njit(cache=True, nogil=True)
def _begins_address(data, at, begin, classes):  # type: ignore[no-untyped-def]
    """Whether exactly four hexadecimal digits stand before a colon, as they do in all unicast IPv6 addresses
    that are in use."""
    if at - begin < 4:
        return False
    for k in range(1, 5):
        if not classes[data[at - k]] & HEX:
            return False
    return at - begin == 4 or not classes[data[at - 5]] & WORD


@numba.njit(cache=True, nogil=True)
def _is_www(data, at, end):  # type: ignore[no-untyped-def]
    return at + 3 < end and data[at + 1] | 32 == 119 and data[at + 2] | 32 == 119 and data[at + 3] == 46


@numba.njit(cache=True, nogil=True)
def _grown(found, count):  # type: ignore[no-untyped-def]
    """``found``, twice as large."""
    larger = np.empty((2 * len(found), 3), np.int64)
    larger[:count] = found[:count]
    return larger


@numba.njit(cache=True, nogil=True)
def _digits(data, at, begin, end, classes, ends, found, count):  # type: ignore[no-untyped-def]
    """The number, the word and the key around the digit at ``at``, added to ``found``. ``ends``: how far each
    of them has been read."""
    if at >= ends[0]:
        first, last, ends[0], sorts = number(data, at, ends[0], end, classes)
        if sorts:
            found[count] = first, last, sorts
            count += 1
    start = run_start(data, at, ends[1], classes, ALNUM)
    stop = ends[1] = run_end(data, at, end, classes, ALNUM)
    first, last, sorts = word(data, start, stop, begin, end, classes)
    if sorts and first >= ends[2]:
        ends[2] = first + 1
        found[count] = first, last, sorts
        count += 1
    if at >= ends[3] and (stop - start >= LEAST_KEY or _joined(data, start, stop, begin, end)):
        start = run_start(data, at, ends[3], classes, TOKEN)
        while not classes[data[start]] & ALNUM:
            start += 1
        start = sendgrid_start(data, start, begin, classes)
        ends[3] = run_end(data, at, end, classes, TOKEN)
        last = key(data, start, ends[3], end, classes)
        if last >= 0:
            ends[3] = last
            found[count] = start, last, API_KEY
            count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _joined(data, start, stop, begin, end):  # type: ignore[no-untyped-def]
    """Whether - or _ or a point joins this word to another."""
    return (start > begin and data[start - 1] in (45, 95)) or (stop < end and data[stop] in (45, 95, 46))


@numba.njit(cache=True, nogil=True)
def _scan(offsets, data, spans, classes, firsts, seconds, block):  # type: ignore[no-untyped-def]
    found, count, wide = np.empty((256, 3), np.int64), 0, np.zeros(len(spans), np.bool_)
    ends = np.empty(4, np.int64)
    for index in range(len(spans)):
        row, start, stop = spans[index]
        begin, end, count_before = offsets[row], offsets[row + 1], count
        ends[:] = start
        link_end, mail_end, hex_end, key_end = start, start, start, start
        at = _next_trigger(data, start, end, firsts, seconds)
        while at < stop:
            trigger, first, last, sorts = (
                firsts[data[at]] & (seconds[data[at + 1]] if at + 1 < end else _A_DIGIT),
                -1,
                at,
                0,
            )
            if trigger & _A_DIGIT:
                count = _digits(data, at, begin, end, classes, ends, found, count)
                # Words of one number are looked at one by one; letters behind the last digit may be a name
                # (13812345678vx:).
                at = ends[1] - 1
                while not classes[data[at]] & DIGIT:
                    at -= 1
            elif trigger & _LINK or (trigger & _W and _is_www(data, at, end)):
                if at >= link_end:
                    (first, last, link_end), sorts = url(data, at, begin, link_end, end, classes), URL
            elif trigger & _AT:
                (first, last), sorts = email(data, at, begin, mail_end, end, classes), EMAIL
                mail_end = last if first >= 0 else mail_end
            elif trigger & _ADDRESS:
                if at >= hex_end and _begins_address(data, at, begin, classes):
                    first, last, sorts = at - 4, at, IPV6
                    while last < end and (classes[data[last]] & HEX or data[last] == 58 or data[last] == 46):
                        last += 1
                    hex_end = last
            elif trigger & _SIGN:
                (first, last), sorts = assignment(data, at, begin, end), PASSWORD
            elif trigger & _K:
                if at >= key_end:
                    (first, last, key_end), sorts = private_key(data, at, begin, end, block), PRIVATE_KEY
            elif trigger & (_PREFIX | _CAPITALS):
                # Keys that may have no digit: hf_, glpat-, AKIA, AIza and the like, and letters.
                start = at if trigger & _CAPITALS else prefix_start(data, at, begin)
                if start >= ends[3] and (start == begin or not classes[data[start - 1]] & TOKEN):
                    last = ends[3] = run_end(data, at, end, classes, TOKEN)
                    if last - start >= LEAST_KEY:
                        first, sorts = start, API_KEY
            elif trigger & (_WIDE | _WIDE_SMALL):
                if at > begin and is_wide(data, at - 1, end):
                    wide[index], count = True, count_before
                    break
            else:
                (first, last), sorts = wechat(data, at, begin, end, classes), WECHAT
            if first >= 0:
                found[count] = first, last, sorts
                count += 1
            if count + _MOST_ADDED > len(found):
                found = _grown(found, count)
            at = _next_trigger(data, at + 1, end, firsts, seconds)
    return found[:count].copy(), wide


def scan(texts: TextBuffers, spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The candidates.

    Every byte is passed once by the scan, and at most a few times more by the tests of form, each of which
    either reads a bounded number of bytes or never reads a byte twice.

    Args:
        spans: int64 [n, 3]: document, first byte and end of what to look at, in order. A candidate is known
            by a byte inside, and may reach beyond.

    Returns:
        int64 [candidates, 3]: first byte and end, as positions in ``texts.data``, and what they could be
        (bits of ``sorts``). Candidates never leave their document. And bool [n]: spans with full-width
        characters, which are to be folded; no candidates are given of these.
    """
    candidates, wide = _scan(texts.offsets, texts.data, spans, CLASSES, FIRST, SECOND, BLOCK)
    return np.asarray(candidates), np.asarray(wide)
