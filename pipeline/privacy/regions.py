"""Where in a batch personal data could stand: one native pass that no document can make slow."""

from __future__ import annotations

import numba
import numpy as np

from pipeline.text.buffers import TextBuffers

LINK, NUMBER, HEX = 0, 1, 2
"""What a region is: printable ASCII around ``@``, ``://`` or ``www.``; digits and what groups them; hexadecimal digits and colons."""

LEAST_DIGITS = 10
LEAST_INTERNATIONAL = 8
LEAST_DOTS = 3
"""A number is of interest from so many digits on, with a plus sign before it, or with so many dots: IPv4 addresses may have few digits."""

_DIGIT, _NUMBER, _PRINTABLE, _HEX, _WORD, _OPENING = (1 << bit for bit in range(6))


def _classes() -> np.ndarray:
    """uint8 [256]: which classes each byte is in."""
    table = np.zeros(256, np.uint8)
    members = {
        _DIGIT: b"0123456789",
        _NUMBER: b"0123456789 -.()+/",
        _PRINTABLE: bytes(range(0x21, 0x7F)),
        _HEX: b"0123456789abcdefABCDEF",
        _WORD: b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_",
        _OPENING: b"+(",
    }
    for bit, characters in members.items():
        table[list(characters)] |= bit
    return table


CLASSES = _classes()
TRIGGERS = np.isin(np.arange(256), list(b"0123456789@:wW"))
_1 = np.uint64(1)


@numba.njit(cache=True, nogil=True)
def _next_trigger(data, at, end, triggers):  # type: ignore[no-untyped-def]
    """The first byte from ``at`` on at which a region can begin. Nearly all bytes are passed here, so the loop does nothing else."""
    position, stop = np.uint64(at), np.uint64(end)  # an index that cannot be negative needs no check
    while position < stop and not triggers[data[position]]:
        position += _1
    return np.int64(position)


@numba.njit(cache=True, nogil=True)
def _run_end(data, at, end, classes, wanted):  # type: ignore[no-untyped-def]
    while at < end and classes[data[at]] & wanted:
        at += 1
    return at


@numba.njit(cache=True, nogil=True)
def _run_start(data, at, begin, classes, wanted):  # type: ignore[no-untyped-def]
    while at > begin and classes[data[at - 1]] & wanted:
        at -= 1
    return at


@numba.njit(cache=True, nogil=True)
def _number(data, at, begin, end, classes):  # type: ignore[no-untyped-def]
    """First byte, end behind the last digit, end of the whole run, and whether it holds enough for a number of interest."""
    first = _run_start(data, at, begin, classes, _OPENING)
    stop, digits, dots, plus, last = first, 0, 0, 0, at
    while stop < end and classes[data[stop]] & _NUMBER:
        if classes[data[stop]] & _DIGIT:
            digits += 1
            last = stop + 1
        dots += data[stop] == 46
        plus += data[stop] == 43
        stop += 1
    enough = digits >= LEAST_DIGITS or dots >= LEAST_DOTS or (plus > 0 and digits >= LEAST_INTERNATIONAL)
    return first, last, stop, enough


@numba.njit(cache=True, nogil=True)
def _begins_link(data, at, end):  # type: ignore[no-untyped-def]
    byte = data[at]
    if byte == 64:
        return True
    if byte == 58:
        return at + 2 < end and data[at + 1] == 47 and data[at + 2] == 47
    return at + 3 < end and data[at + 1] | 32 == 119 and data[at + 2] | 32 == 119 and data[at + 3] == 46


@numba.njit(cache=True, nogil=True)
def _begins_address(data, at, begin, classes):  # type: ignore[no-untyped-def]
    """Whether exactly four hexadecimal digits stand before a colon, as they do in all unicast IPv6 addresses that are in use."""
    if at - begin < 4:
        return False
    for k in range(1, 5):
        if not classes[data[at - k]] & _HEX:
            return False
    return at - begin == 4 or not classes[data[at - 5]] & _WORD


@numba.njit(cache=True, nogil=True)
def _regions(offsets, data, rows, classes, triggers):  # type: ignore[no-untyped-def]
    found = np.empty((256, 3), np.int64)
    count = 0
    for row in rows:
        begin, end = offsets[row], offsets[row + 1]
        at, link_end, number_end, hex_end = begin, begin, begin, begin
        at = _next_trigger(data, at, end, triggers)
        while at < end:
            first, last, what, following = at, at, -1, at + 1
            if classes[data[at]] & _DIGIT:
                first, last, following, enough = _number(data, at, number_end, end, classes)
                number_end = following
                what = NUMBER if enough else -1
            elif at >= link_end and _begins_link(data, at, end):
                first = _run_start(data, at, link_end, classes, _PRINTABLE)
                link_end = last = _run_end(data, at, end, classes, _PRINTABLE)
                what = LINK
            elif data[at] == 58 and at >= hex_end and _begins_address(data, at, begin, classes):
                first, last = at - 4, at
                while last < end and (classes[data[last]] & _HEX or data[last] == 58 or data[last] == 46):
                    last += 1
                hex_end = last
                what = HEX
            if what >= 0:
                if count == len(found):
                    larger = np.empty((2 * count, 3), np.int64)
                    larger[:count] = found
                    found = larger
                found[count] = first, last, what
                count += 1
            at = _next_trigger(data, following, end, triggers)
    return found[:count].copy()


def regions(texts: TextBuffers, rows: np.ndarray) -> np.ndarray:
    """The places to look at.

    Every byte is passed once by the scan, and at most once more by the extent of each of the three sorts of region.

    Args:
        rows: int64 [n]: which documents to look at.

    Returns:
        int64 [regions, 3]: first byte and end, as positions in ``texts.data``, and LINK, NUMBER or HEX. Regions of one sort do not overlap
        and never leave their document.
    """
    return np.asarray(_regions(texts.offsets, texts.data, rows, CLASSES, TRIGGERS))
