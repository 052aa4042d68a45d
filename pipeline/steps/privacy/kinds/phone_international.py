"""Telephone numbers of any country: ``+``, a calling code and a national number (ITU-T E.164), or ten
digits as North America writes them (North American Numbering Plan). Those of mainland China are another
kind; what Hong Kong, Macao and Taiwan write without ``+`` has a file of its own."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.telephone_words import is_announced
from pipeline.steps.privacy.word_boundaries import FREE_AFTER, FREE_BEFORE, SEPARATORS, WORD_CHARACTER
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import ONE, PLUS, TWO

CANDIDATE = 1 << 3
MIN_DIGITS = 8
_NUMBER = rb"""
    %(before)s \+[1-9] (?: [ .\-()/]{0,2} [0-9] ){6,14}+
  | (?: %(before)s (?: \+?1[ .\-] )? | (?=\() )
    (?: \([2-9][0-9]{2}\)[ ]? | (?<![0-9]) [2-9][0-8][0-9][.\-] ) [2-9][0-9]{2}[.\-][0-9]{4} %(after)s
  | %(before)s (?: 1[ ]? )? [2-9][0-9]{2} (?P<by>[ ]?) [2-9][0-9]{2} (?P=by) [0-9]{4} %(after)s
""" % {b"before": FREE_BEFORE, b"after": FREE_AFTER}
_GROUPED = re.compile(rb"[().\-]")
_LONE_DIGIT = re.compile(rb" [0-9]\Z")

_BLOCKS = b"21 22 23 24 25 26 29 35 37 38 42 50 59 67 68 69 85 87 88 96 97 99".split()
CALLING_CODES = frozenset(
    (
        *b"1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58".split(),
        *b"60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98".split(),
        *(block + b"%d" % digit for block in _BLOCKS for digit in range(10)),
    )
)
"""ITU-T E.164, assigned zones; within the three-digit blocks every code counts, assigned or spare."""

OTHER_LENGTHS = range(7, 12)
NATIONAL_LENGTHS: dict[bytes, range] = {
    b"1": range(10, 11),
    b"7": range(10, 11),
    b"33": range(9, 10),
    b"34": range(9, 10),
    b"44": range(9, 11),
    b"49": range(6, 14),
    b"61": range(9, 10),
    b"65": range(8, 9),
    b"81": range(9, 11),
    b"82": range(8, 11),
    b"86": range(10, 12),
    b"91": range(10, 11),
    b"852": range(8, 9),
    b"853": range(8, 9),
    b"886": range(8, 10),
}
"""Digits of a national number by calling code; ``OTHER_LENGTHS`` where it is not listed."""


@kernel_without_refcounts
def could_hold_phone(data, at, size, before, before_that, begin):  # type: ignore[no-untyped-def]
    """Whether a number could begin or, in North America, end with the group of ``size`` digits at ``at``.

    Args:
        before: how many digits the group has that one separator joins to this one; 0 for none.
        before_that: how many the one before has.
    """
    is_international = at > begin and data[at - 1] == PLUS
    is_bare = (size == 10 and data[at] >= TWO) or (size == 11 and data[at] == ONE)
    return is_international or is_bare or (size == 4 and before == 3 and before_that == 3)


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """``+`` and a calling code with a national number of a length that the country has, or a number as
    written in North America; in bare digits or between spaces it needs a word before it."""
    if not found.startswith(b"+"):
        return len(found) if _GROUPED.search(found) or is_announced(before) else 0
    ends = [match.start() for match in SEPARATORS.finditer(found, 1)]
    if not WORD_CHARACTER.match(after):
        ends.append(len(found))
    # A single digit after a space begins the next sentence or item, a bracket that was not opened closes
    # around the number, and after a point the same number goes on if it can.
    ends = [
        end
        for end in ends
        if not _LONE_DIGIT.search(found, 0, end) and found.count(b")", 0, end) <= found.count(b"(", 0, end)
    ]
    ends.sort(key=lambda end: (found[end : end + 1] == b".", -end))
    return next(
        (end for end in ends if _is_international(SEPARATORS.sub(b"", found[:end].replace(b"(0)", b"")))), 0
    )


def _is_international(digits: bytes) -> bool:
    code = next((digits[:size] for size in (1, 2, 3) if digits[:size] in CALLING_CODES), None)
    if code is None:
        return False
    national = digits[len(code) :]
    if code == b"1" and not (len(national) == 10 and national[:1] >= b"2" and national[3:4] >= b"2"):
        return False
    return len(national) in NATIONAL_LENGTHS.get(code, OTHER_LENGTHS)


KIND = BuiltInKind(
    name="phone",
    detectors=(Detector(CANDIDATE, validate, re.compile(_NUMBER, re.VERBOSE)),),
    ignores_separators=True,
    examples=(
        "Call ⟦+44 20 7946 0958⟧ today",
        "Call ⟦+1 (415) 555-2671⟧.",
        "致电⟦+81-3-1234-5678⟧即可",
        "⟦+33 1 42 68 53 00⟧ 2023",
        "at ⟦(415) 555-2671⟧ or",
        "or ⟦415-555-2671⟧,",
        "(⟦+49 30 38550571⟧) 2.5",
        "Tel. ⟦+49 731 88005-8205⟧ Abo",
        "⟦+971 4 683 0649⟧ 0.9.27: fix",
        "at ⟦+44 (0)20 7934 7287⟧.",
        "Tel: ⟦4155552671⟧, until noon",
        "WhatsApp ⟦1 415 555 2671⟧ only",
    ),
    near_misses=(
        "2023-01-01T00:00:00+08:00",
        "UTC+0800 and a+12345678",
        "+1234567",
        "+999 12",
        "1-2-3-4-5-6-7-8-9-10",
        "rows 4155552671 and 415 555 2671",
    ),
)
