"""The value that a sign assigns to a secret's name, in quotes or not: found natively."""

from __future__ import annotations

import numpy as np

from pipeline.steps.privacy.byte_classes import LETTERS_AND_DIGITS
from pipeline.steps.privacy.secret_names import secret_is_named
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import (
    BACKSLASH,
    BACKTICK,
    CASE_BIT,
    DOUBLE_QUOTE,
    NINE,
    QUOTE,
    SMALL_A,
    SMALL_Z,
    SPACE,
    STAR,
    TAB,
    ZERO,
)

NONE, QUOTED, UNQUOTED = range(3)
SIGNS = b":=>"
FIRST = LETTERS_AND_DIGITS + b"\"'` \t*\\!@#^_+-&"
"""What may follow a sign: a value, or what is before one."""

_LONGEST, _SHORTEST, _SHORTEST_UNQUOTED, _MOST_BEFORE = 128, 6, 8, 5
_PREFIXES = tuple(b"bruflBRUFL@")
_ENDS, _CLOSING, _OF_CODE = b"\"'`<>,;|\\", b")]}", b"([{$%"
_PART, _END, _CLOSES, _REFUSED = range(4)


def _roles() -> np.ndarray:
    """uint8 [256]: whether a byte is part of a value without quotes, ends it, or shows that it is code."""
    roles = np.full(256, _END, np.uint8)
    roles[0x21:0x7F] = _PART
    roles[list(_ENDS)] = _END
    roles[list(_CLOSING)] = _CLOSES
    roles[list(_OF_CODE)] = _REFUSED
    return roles


_ROLES = _roles()


@kernel_without_refcounts
def _is_quote(byte):  # type: ignore[no-untyped-def]
    return byte in (DOUBLE_QUOTE, QUOTE, BACKTICK)


@kernel_without_refcounts
def _goes_on(data, at, stop):  # type: ignore[no-untyped-def]
    """Whether the byte at ``at`` is part of a value without quotes; a closing bracket is where something
    follows it at once."""
    role = _ROLES[data[at]]
    return role == _PART or (role == _CLOSES and at + 1 < stop and _ROLES[data[at + 1]] == _PART)


@kernel_without_refcounts
def unquoted_end(data, start, end):  # type: ignore[no-untyped-def]
    """The end of the value without quotes that begins at ``start``: -1 where it is code, short, or has no
    digit or no letter."""
    last, stop, has_digit, has_letter = start, min(end, start + _LONGEST), False, False
    while last < stop and _goes_on(data, last, stop):
        has_digit |= ZERO <= data[last] <= NINE
        has_letter |= SMALL_A <= data[last] | CASE_BIT <= SMALL_Z
        last += 1
    is_code = last < stop and _ROLES[data[last]] == _REFUSED
    return last if has_digit and has_letter and not is_code and last - start >= _SHORTEST_UNQUOTED else -1


@kernel_without_refcounts
def _quoted_end(data, opening, end):  # type: ignore[no-untyped-def]
    """The end of the value whose quote is at ``opening``; -1 where it is short, long, or not closed."""
    last = opening + 1
    while last < min(end, opening + 2 + _LONGEST) and data[last] != data[opening] and data[last] > SPACE:
        last += 1
    if last >= end or data[last] != data[opening]:
        return -1
    last -= data[last - 1] == BACKSLASH
    return last if last - opening > _SHORTEST else -1


@kernel_without_refcounts
def find_assigned_value(data, sign, begin, end):  # type: ignore[no-untyped-def]
    """The value that the : or = or > at ``sign`` assigns, if it may be to a secret's name: first byte (-1:
    none), end, and whether it is in quotes."""
    if not secret_is_named(data, sign, begin):
        return -1, sign, NONE
    first = sign + 1
    while first < end and first - sign <= _MOST_BEFORE and data[first] in (SPACE, TAB, STAR, BACKSLASH):
        first += 1
    if first + 1 >= end:
        return -1, sign, NONE
    if data[first] in _PREFIXES and _is_quote(data[first + 1]):
        first += 1
    if _is_quote(data[first]):
        last = _quoted_end(data, first, end)
        return (first + 1, last, QUOTED) if last >= 0 else (-1, sign, NONE)
    last = unquoted_end(data, first, end)
    return (first, last, UNQUOTED) if last >= 0 else (-1, sign, NONE)
