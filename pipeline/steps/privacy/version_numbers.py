"""Versions of programs and numbers of sections: four numbers joined by points that are no IP address."""

from __future__ import annotations

import re

_WORDS = (
    r"(?<![A-Za-z])(?:ver|rev|revision|build|section|sect|chapter|clause|appendix|firmware|kernel|driver|rc)",
    r"version|release|(?:upgrad|updat|downgrad)[a-z]{1,3} to|版本|版本号|版|固件|内核|內核|补丁|驱动",
    r"(?:升级|更新|回退|降级|升級|降級)(?:到|至|为|為)|第|§|[=<>~!]=|[~^]",
)
_WORD_BEFORE = re.compile(
    (f"(?:{'|'.join(_WORDS)})" + r"(?:[ .:=\"'(>\[]|：|为|為|是|号|號){0,4}\Z").encode(), re.IGNORECASE
)
_HEADING_BEFORE = re.compile(rb"(?:\A|\n)#{2,6} \[?\Z")
_UNIT_AFTER = re.compile(" ?(?:章|节(?!点)|節(?!點)|条(?!目)|條(?!目)|款|版|小节|小節)".encode())
_FILE_AFTER = re.compile(
    rb"\.(?:tar|t?gz|zip|7z|jar|war|exe|msi|rpm|deb|dmg|pkg|whl|apk|dll|so|bin|img|iso)\b"
)
_ADDRESS_BEFORE = re.compile(
    "(?:ip|ipv4|addr|address|host|server|dns|ping|gateway|proxy|地址|主机|服务器|网关|代理)(?:[ "
    ".:='\"(]|：|（|is|为|是){0,5}".encode()
    + rb"\Z",
    re.IGNORECASE,
)
_ADDRESS_AFTER = re.compile(rb":[0-9]{2,5}(?![0-9])|/(?:[0-9]|[12][0-9]|3[012])(?![0-9])| - - ")
_NAME_BEFORE, _DECIMAL_BEFORE = re.compile(rb"([A-Za-z]+)[ ]\Z"), re.compile(rb"([0-9.]+)[ \-]\Z")
_NAMES_OF_NO_PROGRAM = frozenset(
    (
        *b"a and are as at be by connect connected for from in is like of on or see the to use using via "
        b"was were with".split(),
        *b"addr address bind client curl dig dns gateway host hosts inet ip ipv login nameserver net "
        b"network nmap node nslookup".split(),
        *b"peer ping proxy resolver route router scp server ssh subnet telnet traceroute wget whois".split(),
    )
)
_LONGEST_WORD = 32
_SMALL, _PRIVATE, _SHORTEST_DRAWING = 32, 10, len(b"1.35.37.83")


def is_version(quad: bytes, before: bytes, after: bytes) -> bool:
    """Whether four numbers of up to 255 are taken for a version or section number: a word, sign, heading or
    file ending beside them says so; all four are below 32, the first not 10, and nothing beside them says
    that they are an address; or a program's name is before them (nginx 1.18.0.3, Oracle 11.2.0.204). A short
    one after a decimal is part of a drawing (SVG: 2.94 1.44.72.72). The rule is the same in prose and in
    code."""
    if _WORD_BEFORE.search(before[-_LONGEST_WORD:]) or _HEADING_BEFORE.search(before):
        return True
    if _UNIT_AFTER.match(after) or _FILE_AFTER.match(after):
        return True
    numbers = [int(number) for number in quad.split(b".")]
    is_small = max(numbers) < _SMALL and numbers[0] != _PRIVATE
    if is_small and not (_ADDRESS_BEFORE.search(before[-_LONGEST_WORD:]) or _ADDRESS_AFTER.match(after)):
        return True
    decimal = _DECIMAL_BEFORE.search(before)
    is_drawn = decimal and decimal.group(1).count(b".") not in (0, 3)
    return _is_named(numbers, before) or (len(quad) <= _SHORTEST_DRAWING and bool(is_drawn))


def _is_named(numbers: list[int], before: bytes) -> bool:
    """Whether a program's name is before a number that begins as versions do."""
    name = _NAME_BEFORE.search(before)
    if name is None or name.group(1).lower() in _NAMES_OF_NO_PROGRAM:
        return False
    is_capitalised = name.group(1)[:1].isupper()
    return numbers[0] < 10 or (is_capitalised and max(numbers[:2]) < _SMALL)
