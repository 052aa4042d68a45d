"""Characters that join the groups of a number in place of a plain space or hyphen: no-break, thin and figure
spaces, non-breaking hyphens, dashes; and characters of no width, which word processors and pages put between
digits. Where personal data are looked for they are read as ASCII; the text keeps them."""

from __future__ import annotations

from pipeline.steps.privacy.byte_classes import DIGIT, run_end
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import (
    CLOSING_PARENTHESIS,
    DASH,
    FIRST_NON_ASCII,
    OPENING_PARENTHESIS,
    SPACE,
    ZERO,
)

JOINTS = {
    " ": "\u00a0\u2007\u2008\u2009\u202f\u3000",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
    "": "\u00ad\u180e\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff",
}
"""By what they are read as."""

NOTHING, _NO_JOINT = 0, -1
_LATIN, _MONGOLIAN, _GENERAL, _IDEOGRAPHIC, _MARK = 0xC2, 0xE1, 0xE2, 0xE3, 0xEF
_FIRST_DASH = 0x92
_FULLWIDTH_MIDDLE, _FULLWIDTH_ZERO, _FULLWIDTH_NINE = 0xBC, 0x90, 0x99
_FEWEST_OF_AREA = 3


@kernel_without_refcounts
def _of_general_punctuation(middle, last):  # type: ignore[no-untyped-def]
    """What E2, ``middle``, ``last`` are read as; -1 where they are no joint."""
    if middle == 0x80:
        if last in (0x87, 0x88, 0x89, 0xAF):
            return SPACE
        if 0x90 <= last <= 0x95:
            return DASH
        return NOTHING if 0x8B <= last <= 0x8D else _NO_JOINT
    if middle == 0x81 and last == 0xA0:
        return NOTHING
    return DASH if middle == 0x88 and last == 0x92 else _NO_JOINT


@kernel_without_refcounts
def _is_mark(first, middle, last):  # type: ignore[no-untyped-def]
    """Whether three bytes are a mark of no width: of byte order, of a vowel, or of an emoji's form."""
    if first == _MARK:
        return (middle == 0xBB and last == 0xBF) or (middle == 0xB8 and 0x8E <= last <= 0x8F)
    return first == _MONGOLIAN and middle == 0xA0 and last == 0x8E


@kernel_without_refcounts
def joint_at(data, at, end):  # type: ignore[no-untyped-def]
    """How many bytes the joint at ``at`` has, and what it is read as: an ASCII byte, or ``NOTHING``; (0, 0)
    where none is there."""
    if at + 1 >= end or data[at] < FIRST_NON_ASCII:
        return 0, 0
    if data[at] == _LATIN:
        if data[at + 1] == 0xA0:
            return 2, SPACE
        return (2, NOTHING) if data[at + 1] == 0xAD else (0, 0)
    if at + 2 >= end:
        return 0, 0
    if data[at] == _GENERAL:
        read_as = _of_general_punctuation(data[at + 1], data[at + 2])
        return (3, read_as) if read_as != _NO_JOINT else (0, 0)
    if data[at] == _IDEOGRAPHIC and data[at + 1] == 0x80 and data[at + 2] == 0x80:
        return 3, SPACE
    return (3, NOTHING) if _is_mark(data[at], data[at + 1], data[at + 2]) else (0, 0)


@kernel_without_refcounts
def digit_follows(data, at, end, classes):  # type: ignore[no-untyped-def]
    """Whether a digit, full-width or not, or an opening bracket is at ``at``."""
    if at >= end:
        return False
    if classes[data[at]] & DIGIT or data[at] == OPENING_PARENTHESIS:
        return True
    return (
        at + 2 < end
        and data[at] == _MARK
        and data[at + 1] == _FULLWIDTH_MIDDLE
        and _FULLWIDTH_ZERO <= data[at + 2] <= _FULLWIDTH_NINE
    )


@kernel_without_refcounts
def _is_dash(data, at):  # type: ignore[no-untyped-def]
    """Whether the joint at ``at`` is a dash, which mostly divides the ends of a range."""
    return data[at] == _GENERAL and (data[at + 1] == 0x88 or data[at + 2] >= _FIRST_DASH)


@kernel_without_refcounts
def joins_groups(data, start, stop, end, classes):  # type: ignore[no-untyped-def]
    """Whether a joint stands between the word ``data[start:stop]`` and further digits. A dash does where it
    is not alone, as it is in a range (1990 to 2020), or where the word is an area code."""
    at = stop + 1 if stop < end and data[stop] == CLOSING_PARENTHESIS else stop
    size, read_as = joint_at(data, at, end)
    if size == 0 or data[at] == _IDEOGRAPHIC or not classes[data[stop - 1]] & DIGIT:
        return False
    if not digit_follows(data, at + size, end, classes):
        return False
    if read_as != DASH or not _is_dash(data, at):
        return True
    if data[start] == ZERO and stop - start >= _FEWEST_OF_AREA:
        return True
    after = run_end(data, at + size, end, classes, DIGIT)
    again, read_again = joint_at(data, after, end)
    return again > 0 and read_again == DASH and digit_follows(data, after + again, end, classes)
