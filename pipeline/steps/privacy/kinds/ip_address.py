"""IP addresses, version 4 (RFC 791) and 6 (RFC 4291, section 2.2), that can be somebody's: what RFC 6890
keeps for a host itself, masks and broadcast is left alone."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_network

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import HEX, WORD
from pipeline.steps.privacy.version_numbers import is_version
from pipeline.steps.privacy.word_boundaries import WORD_CHARACTER
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import COLON, DOT

V4_CANDIDATE, V6_CANDIDATE = 1 << 4, 1 << 5
V6_TRIGGER = (b":", b"0123456789abcdefABCDEF:")
_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = re.compile(
    rb"(?<![0-9A-Za-z_])(?<![0-9]\.)(?<![A-Za-z_][.\-/]) %b (?: \.%b ){3} "
    rb"(?![0-9A-Za-z_])(?!\.[0-9])(?!-[A-Za-z])" % (_OCTET, _OCTET),
    re.VERBOSE,
)
_V6 = re.compile(rb"(?<![0-9A-Za-z_:.]) [0-9A-Fa-f]{4} : [0-9A-Fa-f:.]{1,41}+", re.VERBOSE)
_NOBODYS_V4 = (b"0.", b"127.", b"255.")
_UNICAST_V6 = tuple(ip_network(network) for network in ("2000::/3", "fc00::/7", "fe80::/10"))


@kernel_without_refcounts
def v4_octets(data, at, size, adjoins, octets):  # type: ignore[no-untyped-def]
    """How many groups of up to three digits are joined by points when the group of ``size`` digits at ``at``
    follows ``octets`` of them."""
    if size > 3:
        return 0
    return octets + 1 if adjoins and data[at - 1] == DOT and octets else 1


@kernel_without_refcounts
def _first_group_ends(data, colon, begin, classes):  # type: ignore[no-untyped-def]
    """Whether exactly four hexadecimal digits come before a colon, as they do in all unicast IPv6 addresses
    that are in use."""
    if colon - begin < 4:
        return False
    for distance in range(1, 5):
        if not classes[data[colon - distance]] & HEX:
            return False
    return colon - begin == 4 or not classes[data[colon - 5]] & WORD


@kernel_without_refcounts
def find_v6(data, colon, begin, end, classes):  # type: ignore[no-untyped-def]
    """What may be an IPv6 address and has its first colon at ``colon``: first byte (-1: none) and end."""
    if not _first_group_ends(data, colon, begin, classes):
        return -1, colon
    last = colon
    while last < end and (classes[data[last]] & HEX or data[last] == COLON or data[last] == DOT):
        last += 1
    return colon - 4, last


def validate_v4(found: bytes, before: bytes, after: bytes) -> int:
    """An address that can be somebody's: neither loopback, unspecified, mask nor broadcast, and not a version
    number."""
    return 0 if found.startswith(_NOBODYS_V4) or is_version(found, before, after) else len(found)


def validate_v6(found: bytes, before: bytes, after: bytes) -> int:
    """A global, local or link-local unicast address; times, MAC addresses and C++ scopes are none, nor is a
    prefix of one group (fe80::, or a year before two colons)."""
    found = found if found.endswith(b"::") else found.rstrip(b".:")
    if len(found) <= len(b"fe80::") or WORD_CHARACTER.match(after):
        return 0
    try:
        address = IPv6Address(found.decode())
    except ValueError:
        return 0
    return len(found) if any(address in network for network in _UNICAST_V6) else 0


KIND = BuiltInKind(
    name="ip",
    detectors=(Detector(V4_CANDIDATE, validate_v4, _V4), Detector(V6_CANDIDATE, validate_v6, _V6)),
    ignores_case=True,
    examples=(
        "server ⟦93.184.216.34⟧ answered",
        "服务器⟦10.128.0.57⟧上",
        "IP 地址：⟦8.8.8.8⟧",
        "from ⟦192.168.1.243⟧:22",
        "(127.0.0.1 ⟦192.168.1.242⟧)",
        "SERVER via ⟦3.5.140.2⟧",
        "inet6 ⟦2001:19f0:feee::dead:beef:cafe⟧/64",
        "地址⟦fe80::822a:a8ff:fe49:470c⟧。",
        "listens on ⟦10.0.0.5⟧:8080",
        "route ⟦10.0.0.0⟧/8 here",
        "在⟦61.135.169.121⟧ 节点上",
    ),
    near_misses=(
        "version 10.2.14.3",
        '"version": "10.2.114.3", <fileVersion>10.2.114.3</fileVersion>',
        "\n## [1.110.0.0] - 2026-09-12",
        "第 12.3.4.115 条，12.3.4.115 节",
        "section number 12.13.14.15 and 12.13.14.16",
        "升级到 12.0.4.115，upgraded to 11.0.4.115",
        "Oracle 11.2.0.204 and libs 10.2.114.3.tar.gz",
        "版本号：10.2.14.3",
        "v1.12.13.14",
        "pip install django==10.2.14.3",
        "1.2.3.4",
        "see section 3.2.1.14",
        "Firmware 11.8.153.19, 固件：12.10.185.9",
        "Chrome/91.0.44.124",
        "1.3.6.1.4.1.311.21",
        "python-3.8.10.1",
        "127.0.0.1 and 0.0.0.0 and 255.255.255.0",
        "300.1.2.3",
        "1.22.33.44-beta",
        "AMP for WP 1.0.77.42",
        "c.36.42.9.72 1.44.72.72 0 1.44-.54",
        "02.2.07.28.14zm-4.62-5.84c1.17-1.45 3.06-.88 3.47.52.3 1.01",
        "12:34:56 and 12:34:56:78",
        "a scan of the repository on November 5, 2006::\n\n    nonlocal    0",
        "from year 1677 to year 2262::",
        "routes: fe80::/64, fd00::/64",
        "《信息学奥林匹克辞典》2.4.7.11 章 1. 树的重心",
        "std::vector<beef::cafe> x; feed::face()",
    ),
)
