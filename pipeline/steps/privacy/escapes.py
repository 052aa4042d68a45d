"""Percent-encoding (RFC 3986, section 2.1) and the escapes of JSON strings (RFC 8259, section 7), read in
kernels."""

from __future__ import annotations

from pipeline.text.arrow.kernel import kernel
from pipeline.text.unicode.byte_names import (
    CASE_BIT,
    FIRST_NON_ASCII,
    FIVE,
    NINE,
    SMALL_A,
    SMALL_U,
    TWO,
    ZERO,
)

PERCENT = 37
_SMALL_B, _SMALL_F, _SMALL_N, _SMALL_R, _SMALL_T = b"bfnrt"
_HIGH, _LOW, _END = 0xD800, 0xDC00, 0xE000


@kernel
def _hex_digit(byte):  # type: ignore[no-untyped-def]
    """The value of a hexadecimal digit; -1 for another byte."""
    if ZERO <= byte <= NINE:
        return byte - ZERO
    small = byte | CASE_BIT
    return small - SMALL_A + 10 if SMALL_A <= small <= _SMALL_F else -1


@kernel
def _hex_value(data, at, end, size):  # type: ignore[no-untyped-def]
    """The number that ``size`` hexadecimal digits write; -1 where they are not there."""
    if at + size > end:
        return -1
    value = 0
    for place in range(at, at + size):
        digit = _hex_digit(data[place])
        if digit < 0:
            return -1
        value = value * 16 + digit
    return value


@kernel
def percent_byte(data, at, end):  # type: ignore[no-untyped-def]
    """The byte that the percent sign at ``at`` encodes, once or several times over (``%40``, ``%2540``), and
    where its encoding ends; -1 where it encodes none."""
    place = at + 1
    while _hex_value(data, place + 2, end, 2) >= 0 and data[place] == TWO and data[place + 1] == FIVE:
        place += 2
    value = _hex_value(data, place, end, 2)
    return value, place + 2


@kernel
def percent_character(data, at, end, out, written):  # type: ignore[no-untyped-def]
    """Writes the character encoded at ``at``; returns where its encoding ends, and where ``out`` does. Where
    the bytes are no UTF-8, nothing is written."""
    first, place = percent_byte(data, at, end)
    if first < 0 or FIRST_NON_ASCII <= first < 0xC2 or first > 0xF4:
        return at, written
    out[written] = first
    width = 1 if first < FIRST_NON_ASCII else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    for index in range(1, width):
        more = -1
        if place < end and data[place] == PERCENT:
            more, place = percent_byte(data, place, end)
        if not _continues(first, index, more):
            return at, written
        out[written + index] = more
    return place, written + width


@kernel
def _continues(first, index, byte):  # type: ignore[no-untyped-def]
    """Whether a byte may be that of number ``index`` after this first one (Unicode 15, table 3-7)."""
    low, high = 0x80, 0xBF
    if index == 1:
        low = 0xA0 if first == 0xE0 else 0x90 if first == 0xF0 else low
        high = 0x9F if first == 0xED else 0x8F if first == 0xF4 else high
    return low <= byte <= high


@kernel
def json_escape(data, at, end):  # type: ignore[no-untyped-def]
    """The code point of the escape whose backslash is at ``at``, -1 for half a surrogate pair, and where the
    escape ends."""
    if at + 1 >= end:
        return -1, at + 1
    letter = data[at + 1]
    if letter != SMALL_U:
        point = letter
        for name, meant in ((_SMALL_B, 8), (_SMALL_F, 12), (_SMALL_N, 10), (_SMALL_R, 13), (_SMALL_T, 9)):
            point = meant if letter == name else point
        return (point, at + 2) if letter < FIRST_NON_ASCII else (-1, at + 1)
    point = _hex_value(data, at + 2, end, 4)
    if _HIGH <= point < _LOW and at + 7 < end and data[at + 7] == SMALL_U:
        low = _hex_value(data, at + 8, end, 4)
        if _LOW <= low < _END:
            return 0x10000 + ((point - _HIGH) << 10) + low - _LOW, at + 12
    return (-1, at + 1) if _HIGH <= point < _END or point < 0 else (point, at + 6)


@kernel
def write_utf8(point, out, written):  # type: ignore[no-untyped-def]
    """Writes a code point; returns where ``out`` ends."""
    if point < 0x80:
        out[written] = point
        return written + 1
    width = 2 if point < 0x800 else 3 if point < 0x10000 else 4
    out[written] = (0xF00 >> width) & 0xFF | point >> 6 * (width - 1)
    for index in range(1, width):
        out[written + index] = 0x80 | (point >> 6 * (width - 1 - index)) & 0x3F
    return written + width
