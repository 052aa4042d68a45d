"""Is it really one? A proof for each kind of personal datum.

Every validator is a pure function of the bytes that its expression found and of what stands before and after
them in the document (up to ``findings.BEFORE`` and ``findings.AFTER`` bytes). It returns how many of the
found bytes are the datum: 0 if it is none, fewer than all if punctuation or other numbers hang on its end.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_network

from pipeline.steps.privacy.numbering_plans import CALLING_CODES, NATIONAL_LENGTHS, OTHER_LENGTHS

_SEPARATORS = re.compile(rb"[ .\-()/+]+")
_WORD = re.compile(rb"[0-9A-Za-z_]")
_GROUP_BEFORE, _GROUP_AFTER = re.compile(rb"[0-9A-Z]{2}[ ]\Z"), re.compile(rb"[ ][0-9]{2}")
_LONE_DIGIT = re.compile(rb" [0-9]\Z")
_HELD_BEFORE = re.compile(rb"(?:[0-9A-Za-z_][.\-]?|[A-Za-z_]/|&#)\Z")
_HELD_AFTER = re.compile(rb"[0-9A-Za-z_]|\.[0-9a-z]|-[0-9A-Za-z]")
_FILE_ENDINGS = {
    *(b"bmp css csv gif gz html ico jpeg jpg js json map pdf png scss svg ts txt webp xml".split()),
    # systemd's template units are called name@instance.unit.
    *(b"device mount path scope service slice socket swap target timer".split()),
    # Locales with a modifier: sd_IN@devanagari.UTF-8.
    b"utf",
}
_REPOSITORY_USERS = {b"git", b"hg", b"svn"}
_TELEPHONE = re.compile(
    b"(?:(?<![a-z])tel|phone|fax|(?<![a-z])call(?= )|hotline|mobile|"
    + "电话|電話|传真|傳真|热线|熱線|座机|手机|手機|联系|聯繫|拨打|撥打|致电|致電)[^0-9]{0,12}".encode()
    + rb"\Z",
    re.IGNORECASE,
)
_VERSION = re.compile(
    "(?:(?<![A-Za-z])(?:version|ver|release|revision|build|section|firmware)|版本|版本号|固件|[=<>~!]=|[~^])"
    "(?:[ .:=]|：|为|是){0,3}".encode()
    + rb"\Z",
    re.IGNORECASE,
)
_CHAPTER = re.compile(" ?(?:章|节|節)".encode())
_ADDRESS = re.compile(
    "(?:ip|ipv4|addr|address|host|server|dns|ping|gateway|proxy|地址|主机|服务器|网关|代理)(?:[ "
    ".:='\"(]|：|（|is|为|是){0,5}".encode()
    + rb"\Z",
    re.IGNORECASE,
)
_NAME, _DECIMAL = re.compile(rb"([A-Za-z]+)[ ]\Z"), re.compile(rb"([0-9.]+)[ \-]\Z")
_BEFORE_ADDRESSES = frozenset(
    (
        *b"a and are as at be by connect connected for from in is like of on or see the to use using via "
        b"was were with".split(),
        *b"addr address bind client curl dig dns gateway host hosts inet ip ipv login nameserver net "
        b"network nmap node nslookup".split(),
        *b"peer ping proxy resolver route router scp server ssh subnet telnet traceroute wget whois".split(),
    )
)
_NOBODYS_V4 = (b"0.", b"127.", b"255.")
_UNICAST_V6 = tuple(ip_network(network) for network in ("2000::/3", "fc00::/7", "fe80::/10"))
_HARDWARE = re.compile(
    "(?:mac(?:addr(?:ess)?)?(?![a-z])|(?<![a-z])ether|hwaddr|bssid|物理地址)[^0-9]{0,16}".encode() + rb"\Z",
    re.IGNORECASE,
)
_QQ = re.compile(
    "(?<![A-Za-z<])qq ?(?:交流)?(?:群|号|號|number|no\\.?|id|group)?(?:号|號)?(?:码|碼)?(?:[ "
    ":=(#]|：|（|是|为|為){0,4}".encode()
    + "(?:[0-9]{5,11}(?:[ ,/;]|、|，|或|和|；){1,3})?".encode()
    + rb"\Z",
    re.IGNORECASE,
)
_WECHAT = re.compile(
    "(?P<add>加(?:我|个|下)?(?:的)?)?(?<![A-Za-z<])(?:wechat|微信|薇信|威信|[vw]x)".encode()
    + "(?P<label> ?(?:(?:id|no\\.?|number|account)(?![a-z])|号码|號碼|号|號|账号|帐号|帳號))?".encode()
    + "(?P<sign> ?(?:[:=]|：|是|为|為|is(?![a-z]))?)(?:[ \"'`“「【(\\[]|（){0,3}".encode()
    + rb"\Z",
    re.IGNORECASE,
)


def stands_free(before: bytes, after: bytes) -> bool:
    """Whether a word is not part of an identifier, a path, a decimal or a longer code."""
    return not _HELD_BEFORE.search(before) and not _HELD_AFTER.match(after)


def email(found: bytes, before: bytes, after: bytes) -> int:
    """An address; no file name (icon@2x.png), unit (getty@tty1.service), repository (git@host:path) or call
    in code (a@b.sum())."""
    local, _, domain = found.rpartition(b"@")
    ending = domain.rpartition(b".")[2].lower()
    if ending in _FILE_ENDINGS or local.endswith(b".") or b".." in local or after.startswith(b"()"):
        return 0
    if local in _REPOSITORY_USERS and after.startswith(b":"):
        return 0
    return len(found)


def url(found: bytes, before: bytes, after: bytes) -> int:
    """The expression has seen to a scheme or www and to a host with a dot; punctuation at the end belongs to
    the sentence."""
    return len(found.rstrip(b".,;:!?*'~_-&"))


def ipv4(found: bytes, before: bytes, after: bytes) -> int:
    """An address that can be somebody's: neither loopback, unspecified, mask nor broadcast, and not a version
    number.

    A dotted quad is taken for a version or section number when a word or sign beside it says so, when all
    four numbers have one digit (1.2.3.4) and no word before it says that it is an address, or when its first
    number has one digit and a name stands before it (nginx 1.18.0.3). A short one behind a decimal is part of
    a drawing (SVG: 2.94 1.44.72.72). The rule is the same in prose and in code.
    """
    if found.startswith(_NOBODYS_V4) or _VERSION.search(before) or _CHAPTER.match(after):
        return 0
    if len(found) == len(b"1.2.3.4") and not _ADDRESS.search(before):
        return 0
    name = _NAME.search(before)
    if found[1:2] == b"." and name and name.group(1).lower() not in _BEFORE_ADDRESSES:
        return 0
    decimal = _DECIMAL.search(before)
    if len(found) <= len(b"1.35.37.83") and decimal and decimal.group(1).count(b".") not in (0, 3):
        return 0
    return len(found)


def ipv6(found: bytes, before: bytes, after: bytes) -> int:
    """A global, local or link-local unicast address; times, MAC addresses and C++ scopes are none, nor is a
    prefix of one group (fe80::, or a year before two colons)."""
    found = found if found.endswith(b"::") else found.rstrip(b".:")
    if len(found) <= len(b"fe80::") or _WORD.match(after):
        return 0
    try:
        address = IPv6Address(found.decode())
    except ValueError:
        return 0
    return len(found) if any(address in network for network in _UNICAST_V6) else 0


def phone_cn(found: bytes, before: bytes, after: bytes) -> int:
    """A Chinese mobile, landline or service number; a landline or service number in bare digits must be
    announced by a word, and one in groups between spaces must not be part of a longer number in such
    groups."""
    is_mobile = found[:1] == b"1"
    if b" " in found and not is_mobile and (_GROUP_BEFORE.search(before) or _GROUP_AFTER.match(after)):
        return 0
    bare = len(found) < 13 and found[:1] in (b"0", b"4", b"8") and found.isdigit()
    return 0 if bare and not _TELEPHONE.search(before) else len(found)


def phone(found: bytes, before: bytes, after: bytes) -> int:
    """``+`` and a calling code with a national number of a length that the country has, or a number as
    written in North America."""
    if not found.startswith(b"+"):
        return len(found)
    ends = [match.start() for match in _SEPARATORS.finditer(found, 1)]
    if not _WORD.match(after):
        ends.append(len(found))
    # A single digit behind a space begins the next sentence or item, a bracket that was not opened closes
    # around the number, and behind a point the same number goes on if it can.
    ends = [
        end
        for end in ends
        if not _LONE_DIGIT.search(found, 0, end) and found.count(b")", 0, end) <= found.count(b"(", 0, end)
    ]
    ends.sort(key=lambda end: (found[end : end + 1] == b".", -end))
    return next(
        (end for end in ends if _is_international(_SEPARATORS.sub(b"", found[:end].replace(b"(0)", b"")))), 0
    )


def _is_international(digits: bytes) -> bool:
    code = next((digits[:size] for size in (1, 2, 3) if digits[:size] in CALLING_CODES), None)
    if code is None:
        return False
    national = digits[len(code) :]
    if code == b"1" and not (len(national) == 10 and national[0] >= 0x32 and national[3] >= 0x32):
        return False
    return len(national) in NATIONAL_LENGTHS.get(code, OTHER_LENGTHS)


def mac(found: bytes, before: bytes, after: bytes) -> int:
    """An EUI-48 that some device has, in letters of one case. Without a letter it may be times or a list, and
    needs a word before it."""
    digits = found.replace(b":", b"").replace(b"-", b"")
    if digits in (b"0" * 12, b"f" * 12, b"F" * 12) or not (
        digits == digits.lower() or digits == digits.upper()
    ):
        return 0
    return 0 if digits.isdigit() and not _HARDWARE.search(before) else len(found)


def qq(found: bytes, before: bytes, after: bytes) -> int:
    """A QQ number, or that of a group, announced as such; no version (QQ 10.5)."""
    return len(found) if found[:1] != b"0" and stands_free(b"", after) and _QQ.search(before) else 0


def wechat(found: bytes, before: bytes, after: bytes) -> int:
    """A WeChat id: six to twenty characters, a letter first. Behind the bare name (微信：, 加微信) only what
    is no common
    word: it has a digit."""
    announced = _WECHAT.search(before)
    found = found.rstrip(b"-_")
    if announced is None or len(found) < 6 or _WORD.match(after):
        return 0
    sure = announced["label"] or (
        (announced["sign"].strip() or announced["add"]) and re.search(rb"[0-9_]", found)
    )
    return len(found) if sure else 0
