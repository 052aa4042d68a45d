"""What each kind of personal datum looks like: the sort of candidate, the expression that finds it there, and
its validator.

Expressions run over candidates only, which are rare. Runs are possessive or bounded, so that the time is
linear in a candidate's length.
Word boundaries are those of ASCII: beside Chinese characters (手机13812345678联系) a number stands free; inside a
hash, a decimal or an order number it does not. Kinds without an expression are matched natively, and their
candidates are the data themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from manifests.schema.privacy import PrivacyKind
from pipeline.steps.privacy import candidate_bits, credentials, identities, validators

Validate = Callable[[bytes, bytes, bytes], int]


@dataclass(frozen=True)
class Finder:
    """``sort``: the bit of the candidates to look at. ``validate(found, before, after)`` returns how many of
    the found bytes are the datum, 0 for none."""

    kind: PrivacyKind
    sort: int
    expression: re.Pattern[bytes] | None
    validate: Validate


_BEFORE = rb"(?<![0-9A-Za-z_])(?<![0-9A-Za-z_][.\-])(?<![A-Za-z_]/)(?<!&\#)(?<!\$)"
_AFTER = rb"(?![0-9A-Za-z_])(?!\.[0-9a-z])(?!-[0-9A-Za-z])"
_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = (
    rb"(?<![0-9A-Za-z_])(?<![0-9]\.)(?<![A-Za-z_][.\-/]) %b (?: \.%b ){3} "
    rb"(?![0-9A-Za-z_])(?!\.[0-9])(?!-[A-Za-z])" % (_OCTET, _OCTET)
)
_IPV6 = rb"(?<![0-9A-Za-z_:.]) [0-9A-Fa-f]{4} : [0-9A-Fa-f:.]{1,41}+"

_MOBILE = rb"""
    1(?:3[0-9]|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8[0-9]|9[0-35-9])
    (?: [0-9]{8} | -[0-9]{8} | -[0-9]{4}-[0-9]{4} | [ ][0-9]{4}[ ][0-9]{4} )
"""
# Eight digits behind the two-digit area codes, seven or eight behind the others, which leave 800 and the like
# to services.
_CITY, _CITY_LOCAL = rb"(?:10|2[0-57-9])", rb"[1-9][0-9]{3}[ \-]?[0-9]{4}"
_AREA, _AREA_LOCAL = (
    rb"(?:3[1-9]|4[1-8]|5[1-9]|6[369]|[79][0-9]|8[1-9])[0-9]",
    rb"[1-9][0-9]{2,3}[ \-]?[0-9]{4}",
)
_PHONE_CN = rb"""
    (?=[+(0148]) (?: (?=\() | %(before)s )
    (?: (?: (?: \+?86 | 0086 | \(\+?86\) ) [ \-]? )? %(mobile)s
      | (?: (?:\+|00)?86[ \-] \(0? | \(0 )
        (?: %(city)s \) [ \-]? %(city_local)s | %(area)s \) [ \-]? %(area_local)s ) (?: -[0-9]{1,5} )?
      | (?: \+?86[ \-]? | 0 ) (?: %(city)s [ \-] %(city_local)s | %(area)s [ \-] %(area_local)s ) (?: -[0-9]{1,5} )?
      | \+86 (?: %(city)s [0-9]{8} | %(area)s [0-9]{7,8} )
      | 0 (?: %(city)s [1-9][0-9]{7} | %(area)s [1-9][0-9]{6,7} )
      | [48]00 (?: -[0-9]{3}-[0-9]{4} | -[0-9]{4}-[0-9]{3} | -?[0-9]{7} )
    ) %(after)s
""" % {
    b"before": _BEFORE,
    b"after": _AFTER,
    b"mobile": _MOBILE,
    b"city": _CITY,
    b"city_local": _CITY_LOCAL,
    b"area": _AREA,
    b"area_local": _AREA_LOCAL,
}

_PHONE = rb"""
    %(before)s \+[1-9] (?: [ .\-()/]{0,2} [0-9] ){6,14}+
  | (?: %(before)s (?: \+?1[ .\-] )? | (?=\() )
    (?: \([2-9][0-9]{2}\)[ ]? | (?<![0-9]) [2-9][0-8][0-9][.\-] ) [2-9][0-9]{2}[.\-][0-9]{4} %(after)s
""" % {b"before": _BEFORE, b"after": _AFTER}

_BANK_CARD = (
    _BEFORE
    + rb"(?: [1-9][0-9]{13,18} | [1-9][0-9]{3} (?P<by>[ \-]) [0-9]{4} (?P=by) [0-9]{4} (?P=by) [0-9]{2,4} "
    rb"(?: (?P=by) [0-9]{3} )?" + rb" | 3[0-9]{3} (?P<as>[ \-]) [0-9]{6} (?P=as) [0-9]{4,5} )" + _AFTER
)
_ID_CARD_CN = (
    _BEFORE + rb"[1-8][0-9]{5}[ ]?(?:18|19|20)[0-9]{2}[01][0-9][0-3][0-9][ ]?[0-9]{3}[0-9Xx]" + _AFTER
)


_KEYS = rb"""
    (?: (?: AKIA | ASIA ) [A-Z2-7]{16}
      | gh[pousr]_ [0-9A-Za-z]{36,76} | github_pat_ [0-9A-Za-z]{22} _ [0-9A-Za-z]{59} | glpat- [0-9A-Za-z_\-]{20,40}
      | xox[abeoprs]- [0-9A-Za-z\-]{10,250} | xapp- [0-9]- [0-9A-Za-z\-]{20,200}
      | AIza [0-9A-Za-z_\-]{35} | GOCSPX- [0-9A-Za-z_\-]{28}
      | sk-ant-[a-z]{3}[0-9]{2}- [0-9A-Za-z_\-]{80,120}
      | sk-(?:proj-|svcacct-|admin-|or-v1-)? [0-9A-Za-z_\-]{32,200}
      | [sr]k_(?:live|test)_ [0-9A-Za-z]{16,247}
      | eyJ [0-9A-Za-z_\-]{8,}+ [.] eyJ [0-9A-Za-z_\-]{8,}+ [.] [0-9A-Za-z_\-]{20,}+
      | npm_ [0-9A-Za-z]{36} | pypi-AgE [0-9A-Za-z_\-]{50,300} | hf_ [0-9A-Za-z]{34}
      | SG [.] [0-9A-Za-z_\-]{16,32} [.] [0-9A-Za-z_\-]{16,64}
    ) (?![0-9A-Za-z_])
"""


def _finder(kind: PrivacyKind, sort: int, validate: Validate, expression: bytes | None = None) -> Finder:
    return Finder(kind, sort, None if expression is None else re.compile(expression, re.VERBOSE), validate)


FINDERS = (
    _finder("private_key", candidate_bits.PRIVATE_KEY, credentials.private_key),
    _finder("api_key", candidate_bits.API_KEY, credentials.api_key, _KEYS),
    _finder("id_card_cn", candidate_bits.ID_CARD, identities.id_card_cn, _ID_CARD_CN),
    _finder("credit_code_cn", candidate_bits.CREDIT_CODE, identities.credit_code_cn),
    _finder("bank_card", candidate_bits.CARD, identities.bank_card, _BANK_CARD),
    _finder("iban", candidate_bits.IBAN, identities.iban),
    _finder("passport_cn", candidate_bits.PASSPORT, identities.passport_cn),
    _finder("plate_cn", candidate_bits.PLATE, identities.plate_cn),
    _finder("phone_cn", candidate_bits.PHONE_CN, validators.phone_cn, _PHONE_CN),
    _finder("phone", candidate_bits.PHONE, validators.phone, _PHONE),
    _finder("ip", candidate_bits.IPV4, validators.ipv4, _IPV4),
    _finder("ip", candidate_bits.IPV6, validators.ipv6, _IPV6),
    _finder("mac", candidate_bits.MAC, validators.mac),
    _finder("email", candidate_bits.EMAIL, validators.email),
    _finder("url", candidate_bits.URL, validators.url),
    _finder("qq", candidate_bits.QQ, validators.qq),
    _finder("wechat", candidate_bits.WECHAT, validators.wechat),
    _finder("password", candidate_bits.PASSWORD, credentials.password),
)
"""Where two findings are equally long, the one whose finder stands first here wins."""
