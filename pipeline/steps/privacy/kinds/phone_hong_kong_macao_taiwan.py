"""Telephone numbers of Hong Kong, Macao and Taiwan as people there write them, without ``+``: eight digits,
after 852 or 853 or alone (Numbering Plan of the Office of the Communications Authority; of CTT); area code
and number, or 09 and eight digits, after 886 or alone (Taiwan's numbering plan of the NCC)."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.telephone_words import is_announced, is_labelled
from pipeline.steps.privacy.word_boundaries import FREE_AFTER, FREE_BEFORE
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import (
    CLOSING_PARENTHESIS,
    COLON,
    COMMA,
    DASH,
    DOT,
    EIGHT,
    FIRST_NON_ASCII,
    OPENING_PARENTHESIS,
    SLASH,
    SPACE,
    TWO,
    ZERO,
)

CANDIDATE = 1 << 18
_EIGHT_DIGITS = rb"(?:2[1-9]|[3-9][0-9])[0-9]{2}[ \-]?[0-9]{4}"
_MOBILE = rb"9[0-9]{2}(?P<by>[ \-]?)[0-9]{3}(?P=by)[0-9]{3}"
# By area code: 02 and 04 have eight digits (04 also seven), two-digit codes six or seven, the others seven.
_LOCAL = {
    rb"2": rb"[2-8][0-9]{3}[ \-]?[0-9]{4}",
    rb"4": rb"[2-8][0-9]{2,3}[ \-]?[0-9]{4}",
    rb"[35-8]": rb"[2-9][0-9]{2}[ \-]?[0-9]{4}",
    rb"(?:37|49|8[29])": rb"[2-9][0-9]{2}[ \-]?[0-9]{3,4}",
}
_LANDLINE = b"|".join(rb"%b(?:\)[ ]?|[ \-]) %b" % pair for pair in _LOCAL.items())
_BARE_LANDLINE = rb"2[2-8][0-9]{7}|4[2-8][0-9]{6,7}|[35-8][2-9][0-9]{6}"
_NUMBER = rb"""
    (?=[+(02-9]) (?: (?=\() | %(before)s ) (?:
      (?: \( (?:\+|00)? 85[23] \) [ \-]? | (?:00)? 85[23] [ \-] ) %(eight)s
    | (?:00)? 85[23] [2-9][0-9]{7}
    | (?: \( (?:\+|00)? 886 \) [ \-]? | (?:00)? 886 [ \-] ) \(?0?\)? (?: %(mobile)s | %(landline)s )
    | \( (?:\+|00)? 886 - (?: %(landline)s )
    | \(? 0 (?: %(landline)s )
    | 0 (?: %(bare)s | %(mobile2)s )
    | %(eight)s
    ) %(after)s
""" % {
    b"before": FREE_BEFORE,
    b"after": FREE_AFTER,
    b"eight": _EIGHT_DIGITS,
    b"mobile": _MOBILE,
    b"mobile2": _MOBILE.replace(b"by", b"by2"),
    b"landline": _LANDLINE,
    b"bare": _BARE_LANDLINE,
}
_GROUP_BEFORE, _GROUP_AFTER = re.compile(rb"[0-9A-Z]{2}[ ]\Z"), re.compile(rb"[ ][0-9]{2}")
_ALONE_ARE = re.compile(rb"\(|00|85[23]-|886-|09[0-9]{2}[ \-]")
_EIGHT = re.compile(_EIGHT_DIGITS)
_ROUND = re.compile(rb"[0-9]{2}00[ \-]?[0-9]{2}00")


@kernel_without_refcounts
def _may_be_labelled(data, at, begin):  # type: ignore[no-untyped-def]
    """Whether what is before a number could be a label's end (电话：, Tel. ) or another number in a list."""
    while at > begin and data[at - 1] in (SPACE, OPENING_PARENTHESIS):
        at -= 1
    return at > begin and (data[at - 1] >= FIRST_NON_ASCII or data[at - 1] in (COLON, DOT, COMMA, SLASH))


@kernel_without_refcounts
def _is_joined(data, at, begin):  # type: ignore[no-untyped-def]
    """Whether what is before ``at`` may join groups of a number; most are joined by points or slashes, as in
    sizes, dates and addresses of pages."""
    return at > begin and data[at - 1] in (SPACE, DASH, CLOSING_PARENTHESIS)


@kernel_without_refcounts
def _follows_code(data, at, before, begin):  # type: ignore[no-untyped-def]
    """Whether an area or calling code is before the group at ``at``: two to four digits, or brackets."""
    if not _is_joined(data, at, begin):
        return False
    if 1 <= before <= 4:
        return True
    return at - begin > 2 and CLOSING_PARENTHESIS in (data[at - 1], data[at - 2])


@kernel_without_refcounts
def could_hold_phone_hmt(data, at, size, before, before_that, begin):  # type: ignore[no-untyped-def]
    """Whether a number could be, or end with, the group of ``size`` digits at ``at``.

    Args:
        before: how many digits the group has that one separator joins to this one; 0 for none.
        before_that: how many the one before has.
    """
    if size == 8 or (size == 4 and before == 4):
        first = at if size == 8 else at - 5
        if before_that > 0 and _is_joined(data, first, begin):
            return True
        if _follows_code(data, first, before if size == 8 else 0, begin):
            return True
        return data[first] >= TWO and _may_be_labelled(data, first, begin)
    if size == 3 or size == 4:
        return before == 3 and before_that > 0 and _is_joined(data, at, begin)
    if size == 6 or size == 7:
        return _follows_code(data, at, before, begin)
    return size >= 9 and (data[at] == ZERO or data[at] == EIGHT or _follows_code(data, at, before, begin))


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """Bare digits, and eight digits alone, need a word before them; in groups between spaces they must not be
    part of a longer number in such groups, nor the ends of a range (2500-3000)."""
    if found.count(b"(") != found.count(b")"):
        return 0
    if b" " in found and (_GROUP_BEFORE.search(before) or _GROUP_AFTER.match(after)):
        return 0
    if _ALONE_ARE.match(found):
        return len(found)
    is_local = _EIGHT.fullmatch(found)
    if is_local and (_ROUND.fullmatch(found) or not is_labelled(before)):
        return 0
    return len(found) if is_announced(before) else 0


KIND = BuiltInKind(
    name="phone",
    detectors=(Detector(CANDIDATE, validate, re.compile(_NUMBER, re.VERBOSE)),),
    ignores_separators=True,
    examples=(
        "香港辦事處⟦(852)2345-6789⟧，",
        "or ⟦00852 2345 6789⟧.",
        "電話：⟦2345 6789⟧，傳真",
        "Tel: ⟦23456789⟧ (office)",
        "澳門熱線⟦(853) 2888 1234⟧。",
        "電話是⟦02-2345-6789⟧，",
        "台中⟦(04)2345-6789⟧轉12",
        "手機是⟦0912-345-678⟧，",
        "手機：⟦0912345678⟧。",
        "請撥⟦(886-2)2345-6789⟧或",
        "fax ⟦886-2-2345-6789⟧;",
    ),
    near_misses=(
        "编号 2345 6789",
        "日期 20240115-20240220",
        "手机 2500-3000 元",
        "电话：2019-2020",
        "0912345678 rows",
        "page 02-2345-6789-1",
        "總額 02-2345-6789 元",
        "GB82 0900 0912 345 678",
    ),
)
