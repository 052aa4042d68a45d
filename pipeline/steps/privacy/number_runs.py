"""Numbers in groups: which kinds of personal datum a run of digits, spaces, points, dashes, slashes and
brackets could hold.

Text is full of dates, prices and tables; the lengths of the groups and their first digits rule nearly all of
them out at once. What is left goes to the expressions. No expression finds anything that is ruled out here
(tests/pipeline/privacy/test_kernels.py).
"""

from __future__ import annotations

import numba

from pipeline.steps.privacy.byte_classes import DIGIT, NUMBER, OPENING, run_end, run_start
from pipeline.steps.privacy.candidate_bits import CARD, ID_CARD, IPV4, PHONE, PHONE_CN

_LEAST_DIGITS, _LEAST_INTERNATIONAL, _LEAST_BARE = 10, 8, 14


@numba.njit(cache=True, nogil=True)
def number(data, at, begin, end, classes):  # type: ignore[no-untyped-def]
    """The run around the digit at ``at``: its first byte, the end behind its last digit, the end of the run,
    and the sorts it could be."""
    first, stop = run_start(data, at, begin, classes, OPENING), run_end(data, at, end, classes, DIGIT)
    if stop - at < _LEAST_INTERNATIONAL and (
        stop + 1 >= end or not (classes[data[stop]] & classes[data[stop + 1]] & NUMBER)
    ):
        # Most numbers stand alone.
        return first, stop, stop, 0
    position, last, digits, dotted, sorts = first, at, 0, 0, 0
    before, middle = 0, 0  # lengths of the two groups before this one
    while position < end and classes[data[position]] & NUMBER:
        if not classes[data[position]] & DIGIT:
            position += 1
            continue
        gap = position - last
        last = run_end(data, position, end, classes, DIGIT)
        size = last - position
        digits += size
        adjoins = gap == 1 and position > first
        dotted = (
            dotted + 1
            if adjoins and data[position - 1] == 46 and size <= 3 and dotted
            else 1
            if size <= 3
            else 0
        )
        if dotted == 4:
            sorts |= IPV4
        sorts |= _telephone(data, position, size, begin) | _long(size, before if adjoins else 0, middle)
        if size == 4 and middle == 3 and before == 3 and adjoins:
            sorts |= PHONE
        before, middle = size, before if adjoins or gap == 2 else 0
        position = last
    if digits < _LEAST_BARE:
        sorts &= ~(ID_CARD | CARD)
    if digits < _LEAST_DIGITS:
        sorts &= IPV4 | (PHONE if digits >= _LEAST_INTERNATIONAL else 0)
    return first, last, position, sorts


@numba.njit(cache=True, nogil=True)
def _telephone(data, at, size, begin):  # type: ignore[no-untyped-def]
    """Whether a telephone number could begin with the group of ``size`` digits at ``at``."""
    digit = data[at]
    if at > begin and data[at - 1] == 43:
        return PHONE | PHONE_CN
    if digit == 56 and size <= 5 and size > 1 and data[at + 1] == 54:
        return PHONE_CN
    if digit in (48, 49, 52, 56) and (size == 3 or size >= 10 or (size == 4 and digit == 48)):
        return PHONE_CN
    return 0


@numba.njit(cache=True, nogil=True)
def _long(size, before, middle):  # type: ignore[no-untyped-def]
    """Whether the group could be, or end, an identity or card number."""
    if size >= _LEAST_BARE:
        return ID_CARD | CARD
    if before == 6 and size >= 8:
        return ID_CARD
    return CARD if before == 4 and (size == 6 or (size == 4 and middle == 4)) else 0
