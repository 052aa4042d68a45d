"""Is it really one? A proof for each kind of personal datum.

Every validator is a pure function of the bytes that its expression found and of what stands before and after them in the document (up to
``findings.BEFORE`` and ``findings.AFTER`` bytes). It returns how many of the found bytes are the datum: 0 if it is none, fewer than all if
punctuation or other numbers hang on its end.
"""

from __future__ import annotations

import re
from datetime import date
from ipaddress import IPv6Address, ip_network

from pipeline.privacy.numbering import CALLING_CODES, NATIONAL_LENGTHS, OTHER_LENGTHS, PROVINCES, card_issuer

_SEPARATORS = re.compile(rb"[ .\-()/+]+")
_WORD = re.compile(rb"[0-9A-Za-z_]")
_FILE_ENDINGS = {
    *(b"bmp css csv gif gz html ico jpeg jpg js json map pdf png scss svg ts txt webp xml".split()),
    # systemd's template units are called name@instance.unit.
    *(b"device mount path scope service slice socket swap target timer".split()),
}
_REPOSITORY_USERS = {b"git", b"hg", b"svn"}
_TELEPHONE = re.compile(
    "(?:tel|phone|fax|call|hotline|mobile|电话|電話|传真|傳真|热线|熱線|座机|手机|手機|联系|聯繫)[^0-9]{0,12}".encode() + rb"\Z",
    re.IGNORECASE,
)
_VERSION = re.compile(
    "(?:(?<![A-Za-z])(?:version|ver|release|revision|build|section)|版本|版本号|[=<>~!]=|[~^])(?:[ .:=]|：|为|是){0,3}".encode() + rb"\Z",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    "(?:ip|ipv4|addr|address|host|server|dns|ping|gateway|proxy|地址|主机|服务器|网关|代理)(?:[ .:='\"(]|：|（|is|为|是){0,5}".encode()
    + rb"\Z",
    re.IGNORECASE,
)
_NOBODYS_V4 = (b"0.", b"127.", b"255.")
_UNICAST_V6 = tuple(ip_network(network) for network in ("2000::/3", "fc00::/7", "fe80::/10"))
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = b"10X98765432"


def email(found: bytes, before: bytes, after: bytes) -> int:
    """An address; no file name (icon@2x.png), unit (getty@tty1.service), repository (git@host:path) or call in code (a@b.sum())."""
    local, _, domain = found.rpartition(b"@")
    ending = domain.rpartition(b".")[2].lower()
    if ending in _FILE_ENDINGS or local.endswith(b".") or b".." in local or after.startswith(b"()"):
        return 0
    if local in _REPOSITORY_USERS and after.startswith(b":"):
        return 0
    return len(found)


def url(found: bytes, before: bytes, after: bytes) -> int:
    """The expression has seen to a scheme or www and to a host with a dot; punctuation at the end belongs to the sentence."""
    return len(found.rstrip(b".,;:!?*'~_-&"))


def ipv4(found: bytes, before: bytes, after: bytes) -> int:
    """An address that can be somebody's: neither loopback, unspecified, mask nor broadcast, and not a version number.

    A dotted quad is taken for a version or section number when a word or sign before it says so, or when all four numbers have one digit
    (1.2.3.4) and no word before it says that it is an address. The rule is the same in prose and in code.
    """
    if found.startswith(_NOBODYS_V4) or _VERSION.search(before):
        return 0
    if len(found) == len(b"1.2.3.4") and not _ADDRESS.search(before):
        return 0
    return len(found)


def ipv6(found: bytes, before: bytes, after: bytes) -> int:
    """A global, local or link-local unicast address; times, MAC addresses and C++ scopes are none."""
    found = found if found.endswith(b"::") else found.rstrip(b".:")
    if _WORD.match(after) and len(found) > 0:
        return 0
    try:
        address = IPv6Address(found.decode())
    except ValueError:
        return 0
    return len(found) if any(address in network for network in _UNICAST_V6) else 0


def phone_cn(found: bytes, before: bytes, after: bytes) -> int:
    """A Chinese mobile, landline or service number; a landline or service number in bare digits must be announced by a word."""
    bare = len(found) < 13 and found[:1] in (b"0", b"4", b"8") and found.isdigit()
    return 0 if bare and not _TELEPHONE.search(before) else len(found)


def phone(found: bytes, before: bytes, after: bytes) -> int:
    """``+`` and a calling code with a national number of a length that the country has, or a number as written in North America."""
    if not found.startswith(b"+"):
        return len(found)
    ends = [match.start() for match in _SEPARATORS.finditer(found, 1)]
    if not _WORD.match(after):
        ends.append(len(found))
    return next((end for end in reversed(ends) if _is_international(_SEPARATORS.sub(b"", found[:end]))), 0)


def _is_international(digits: bytes) -> bool:
    code = next((digits[:size] for size in (1, 2, 3) if digits[:size] in CALLING_CODES), None)
    if code is None:
        return False
    national = digits[len(code) :]
    if code == b"1" and not (len(national) == 10 and national[0] >= 0x32 and national[3] >= 0x32):
        return False
    return len(national) in NATIONAL_LENGTHS.get(code, OTHER_LENGTHS)


def luhn(digits: bytes) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B."""
    total = 0
    for place, byte in enumerate(reversed(digits)):
        value = byte - 0x30
        total += value if place % 2 == 0 else 2 * value - 9 * (value > 4)
    return total % 10 == 0


def bank_card(found: bytes, before: bytes, after: bytes) -> int:
    """A card number by its issuer's prefix and length, and by its check digit."""
    ends = [len(found), *(match.start() for match in reversed(list(_SEPARATORS.finditer(found))))]
    for end in ends:
        digits = _SEPARATORS.sub(b"", found[:end])
        if card_issuer(digits) and luhn(digits):
            return end
    return 0


def id_card_cn(found: bytes, before: bytes, after: bytes) -> int:
    """A resident identity number of GB 11643-1999: province, date of birth, check character (ISO 7064 MOD 11-2)."""
    digits = found.replace(b" ", b"").upper()
    try:
        date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return 0
    total = sum(weight * (byte - 0x30) for weight, byte in zip(_ID_WEIGHTS, digits[:17], strict=True))
    return len(found) if digits[:2] in PROVINCES and digits[17] == _ID_CHECKS[total % 11] else 0
