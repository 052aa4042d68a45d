"""Telephone numbers of mainland China: mobile numbers, landlines with their area codes, and 400 and 800
service numbers, after the numbering plan of the Ministry of Industry and Information Technology
(电信网编号计划, 2017)."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.telephone_words import is_announced
from pipeline.steps.privacy.word_boundaries import FREE_AFTER, FREE_BEFORE
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import EIGHT, FOUR, ONE, PLUS, SIX, ZERO

CANDIDATE = 1 << 2
MIN_DIGITS = 10
MOBILE_DIGITS = 11
_MOBILE = rb"""
    1(?:3[0-9]|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8[0-9]|9[0-35-9])
    (?: [0-9]{8} | -[0-9]{8} | -[0-9]{4}-[0-9]{4} | [ ][0-9]{4}[ ][0-9]{4} | [.][0-9]{4}[.][0-9]{4} )
"""
# As some write them: 1380-0138-000, 1380-013-8000, 138-001-38000, 13800-138-000, 13800-138000.
_UNUSUAL_MOBILE = rb"""
    1[3-9][0-9] (?: [0-9] (?P<by>[ .\-]) (?: [0-9]{4} (?P=by) [0-9]{3} | [0-9]{3} (?P=by) [0-9]{4} )
      | (?P<as>[ .\-]) [0-9]{3} (?P=as) [0-9]{5} | [0-9]{2} (?P<at>[ .\-]) [0-9]{3} (?:(?P=at))? [0-9]{3} )
"""
# Eight digits after the two-digit area codes, seven or eight after the others, which leave 800 and the like
# to services.
_CITY, _CITY_LOCAL = rb"(?:10|2[0-57-9])", rb"[1-9][0-9]{3}[ \-]?[0-9]{4}"
_AREA = rb"(?:3[1-9]|4[1-8]|5[1-9]|6[369]|[79][0-9]|8[1-9])[0-9]"
_AREA_LOCAL = rb"[1-9][0-9]{2,3}[ \-]?[0-9]{4}"
_NUMBER = rb"""
    (?=[+(0148]) (?: (?=\() | %(before)s )
    (?: (?: (?: \+?86 | 0086 | \(\+?86\) ) [ \-]? )? %(mobile)s
      | (?: (?:\+|00)?86[ \-] \(0? | \(0 )
        (?: %(city)s \) [ \-]? %(city_local)s | %(area)s \) [ \-]? %(area_local)s ) (?: -[0-9]{1,5} )?
      | (?: \+?86[ \-]? | 0 ) (?: %(city)s [ \-] %(city_local)s | %(area)s [ \-] %(area_local)s )
        (?: -[0-9]{1,5} )?
      | \+86 (?: %(city)s [0-9]{8} | %(area)s [0-9]{7,8} )
      | 0 (?: %(city)s [1-9][0-9]{7} | %(area)s [1-9][0-9]{6,7} )
      | %(unusual)s
      | [48]00 (?: -[0-9]{3}-[0-9]{4} | -[0-9]{4}-[0-9]{3} | -?[0-9]{7} )
    ) %(after)s
""" % {
    b"before": FREE_BEFORE,
    b"after": FREE_AFTER,
    b"mobile": _MOBILE,
    b"unusual": _UNUSUAL_MOBILE,
    b"city": _CITY,
    b"city_local": _CITY_LOCAL,
    b"area": _AREA,
    b"area_local": _AREA_LOCAL,
}
_GROUP_BEFORE, _GROUP_AFTER = re.compile(rb"[0-9A-Z]{2}[ ]\Z"), re.compile(rb"[ ][0-9]{2}")
_LONGEST_BARE = 12
_UNUSUAL = re.compile(rb"(?!(?:.{3}[ .\-].{4}[ .\-]|.{3}-[0-9]{8}))1[^ .\-]*[ .\-].*")


@kernel_without_refcounts
def could_end_mobile(data, at, size, before, before_that, begin):  # type: ignore[no-untyped-def]
    """Whether a mobile number in unusual groups could end with the group of ``size`` digits at ``at``, joined
    to one of ``before`` and that to one of ``before_that``."""
    if size + before == MOBILE_DIGITS:
        first = at - before - 1
    elif size + before + before_that == MOBILE_DIGITS:
        first = at - before - before_that - 2
    else:
        return False
    return before > 0 and 3 <= size <= 6 and first >= begin and data[first] == ONE


@kernel_without_refcounts
def could_begin_phone_cn(data, at, size, begin):  # type: ignore[no-untyped-def]
    """Whether a number could begin with the group of ``size`` digits at ``at``."""
    digit = data[at]
    if at > begin and data[at - 1] == PLUS:
        return True
    if digit == EIGHT and size <= 5 and size > 1 and data[at + 1] == SIX:
        return True
    return digit in (ZERO, ONE, FOUR, EIGHT) and (
        size == 3 or size >= MIN_DIGITS or (size == 4 and digit == ZERO)
    )


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A landline or service number in bare digits, and a mobile number in unusual groups, must be announced
    by a word, and one in groups between spaces must not be part of a longer number in such groups."""
    is_mobile = found[:1] == b"1"
    if b" " in found and not is_mobile and (_GROUP_BEFORE.search(before) or _GROUP_AFTER.match(after)):
        return 0
    is_bare = len(found) <= _LONGEST_BARE and found[:1] in (b"0", b"4", b"8") and found.isdigit()
    return 0 if (is_bare or _UNUSUAL.match(found)) and not is_announced(before) else len(found)


KIND = BuiltInKind(
    name="phone_cn",
    detectors=(Detector(CANDIDATE, validate, re.compile(_NUMBER, re.VERBOSE)),),
    ignores_separators=True,
    examples=(
        "手机⟦13812345678⟧联系",
        "手机：⟦138-1234-5678⟧。",
        "致电 ⟦138 1234 5678⟧ 咨询",
        "tel:⟦+86 13912345678⟧",
        "phone='⟦13012345678⟧' and",
        "拨打⟦+86-10-62345678⟧",
        "电话：⟦010-62345678⟧转",
        "电话⟦(0755) 2345678⟧",
        "Tel⟦(010)62345678⟧",
        "传真 ⟦0571-87654321-802⟧",
        "电话：⟦01062345678⟧",
        "Fax:⟦+86-27-22453754⟧ 1. The",
        "客服热线⟦400-810-8888⟧",
        "手机号写成⟦138.0013.8000⟧的人",
        "手机 ⟦1380-0138-000⟧，",
        "手机：⟦138 001 38000⟧；",
        "热线 ⟦4008108888⟧",
    ),
    near_misses=(
        "订单号 AB-13812345678",
        "sha1 13812345678abcdef13812345678abcdef1381234",
        "时间戳 1381234567890",
        "long id = 13812345678L;",
        "0.13812345678",
        "$13384966760$ 的约数",
        "GB82 0900 0755 2345 6789",
        "12812345678 不是号段",
        "2023-11-23 10:20:30",
        "ISBN 978-7-111-54742-6",
        "ISBN 9787111547426",
        "总额 01062345678 元",
        "4008108888 rows",
        "1380-0138-000 件",
        "1.138.0013.8000",
        "to suppress them completely.\n(4007791603 rows)",
        "Intel 8008205100 and hotel 4008108888",
        'assertEqual(phone2numeric_filter("0800 flowers"), "0800 3569377")',
    ),
)
