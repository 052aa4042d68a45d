"""What each kind of personal datum looks like: an expression that finds candidates in regions of one sort, and its validator.

Expressions run over regions only. Runs are possessive or bounded, so that the time is linear in a region's length. Word boundaries
are those of ASCII: beside Chinese characters (手机13812345678联系) a number stands free; inside a hash, a decimal or an order
number it does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from manifests.schema.corpus import PrivacyKind
from pipeline.privacy import validators
from pipeline.privacy.regions import HEX, LINK, NUMBER


@dataclass(frozen=True)
class Finder:
    """``mark``: bytes without which a region need not be searched. ``validate(found, before, after)`` returns how many of the found
    bytes are the datum, 0 for none."""

    kind: PrivacyKind
    region: int
    mark: bytes
    expression: re.Pattern[bytes]
    validate: Callable[[bytes, bytes, bytes], int]


_BEFORE = rb"(?<![0-9A-Za-z_])(?<![0-9A-Za-z_][.\-])(?<![A-Za-z_]/)(?<!&\#)"
_AFTER = rb"(?![0-9A-Za-z_])(?!\.[0-9a-z])(?!-[0-9A-Za-z])"
_LABELS = rb"(?:[0-9A-Za-z_][0-9A-Za-z_\-]{0,62}+\.){1,10}"
_URL_CHARACTERS = rb"0-9A-Za-z\-._~!$&*+,;=:@/?\#%"

_EMAIL = rb"(?<![0-9A-Za-z_]) [0-9A-Za-z_][0-9A-Za-z_.%+\-]{0,63}+ @ (?:[0-9A-Za-z][0-9A-Za-z\-]{0,62}+\.){1,8} [A-Za-z]{2,24}"

# Flat alternatives that begin with letters: the matcher then skips to one of these letters at once.
_URL = rb"""
    (?: https?:// | HTTPS?:// | Https?:// | ftps?:// | FTPS?:// | sftp:// | wss?:// | ssh:// | git:// | rtsp://
      | www(?<![0-9A-Za-z_.\-]www)\. | WWW(?<![0-9A-Za-z_.\-]WWW)\. | Www(?<![0-9A-Za-z_.\-]Www)\. )
    (?: [0-9A-Za-z._%%+~\-]{1,64}+ (?: :[0-9A-Za-z._%%+~!$*\-]{0,64}+ )? @ )?
    (?: %(labels)s (?: [A-Za-z][0-9A-Za-z\-]{1,62}+ | [0-9]{1,3} ) | \[[0-9A-Fa-f:.]{2,45}\] )
    (?: :[0-9]{1,5} )?
    (?: [/?\#] (?: [%(characters)s]++ | \([%(characters)s]*+\) )*+ )?
""" % {b"labels": _LABELS, b"characters": _URL_CHARACTERS}

_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rb"(?<![0-9A-Za-z_])(?<![0-9]\.)(?<![A-Za-z_][.\-/]) %b (?: \.%b ){3} (?![0-9A-Za-z_])(?!\.[0-9])(?!-[A-Za-z])" % (_OCTET, _OCTET)
_IPV6 = rb"(?<![0-9A-Za-z_:.]) [0-9A-Fa-f]{4} : [0-9A-Fa-f:.]{1,41}+"

_MOBILE = rb"""
    1(?:3[0-9]|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8[0-9]|9[0-35-9])
    (?: [0-9]{8} | -[0-9]{8} | -[0-9]{4}-[0-9]{4} | [ ][0-9]{4}[ ][0-9]{4} )
"""
# Eight digits behind the two-digit area codes, seven or eight behind the others.
_CITY, _CITY_LOCAL = rb"(?:10|2[0-57-9])", rb"[1-9][0-9]{3}[ \-]?[0-9]{4}"
_AREA, _AREA_LOCAL = rb"[3-9][0-9]{2}", rb"[1-9][0-9]{2,3}[ \-]?[0-9]{4}"
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
    + rb"(?: [1-9][0-9]{13,18} | [1-9][0-9]{3} (?P<by>[ \-]) [0-9]{4} (?P=by) [0-9]{4} (?P=by) [0-9]{2,4} (?: (?P=by) [0-9]{3} )?"
    + rb" | 3[0-9]{3} (?P<as>[ \-]) [0-9]{6} (?P=as) [0-9]{4,5} )"
    + _AFTER
)
_ID_CARD_CN = _BEFORE + rb"[1-8][0-9]{5}[ ]?(?:18|19|20)[0-9]{2}[01][0-9][0-3][0-9][ ]?[0-9]{3}[0-9Xx]" + _AFTER


def _finder(kind: PrivacyKind, region: int, mark: bytes, expression: bytes, validate: Callable[[bytes, bytes, bytes], int]) -> Finder:
    return Finder(kind, region, mark, re.compile(expression, re.VERBOSE), validate)


FINDERS = (
    _finder("id_card_cn", NUMBER, b"", _ID_CARD_CN, validators.id_card_cn),
    _finder("bank_card", NUMBER, b"", _BANK_CARD, validators.bank_card),
    _finder("phone_cn", NUMBER, b"", _PHONE_CN, validators.phone_cn),
    _finder("phone", NUMBER, b"", _PHONE, validators.phone),
    _finder("ip", NUMBER, b".", _IPV4, validators.ipv4),
    _finder("ip", HEX, b":", _IPV6, validators.ipv6),
    _finder("email", LINK, b"@", _EMAIL, validators.email),
    _finder("url", LINK, b"", _URL, validators.url),
)
"""Where two findings are equally long, the one whose finder stands first here wins."""
