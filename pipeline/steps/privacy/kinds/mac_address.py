"""MAC addresses: the EUI-48 of IEEE Std 802, six pairs of hexadecimal digits joined by colons or dashes, or
three groups of four joined by points, as Cisco's devices print them."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import ALNUM, HEX, TOKEN, run_end
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import COLON, DASH, DOT

CANDIDATE = 1 << 6
GROUP = 4
_JOINTS = re.compile(rb"[:.\-]")
_NOBODYS = (b"0" * 12, b"f" * 12, b"F" * 12)
_HARDWARE_BEFORE = re.compile(
    "(?:mac(?:addr(?:ess)?)?(?![a-z])|(?<![a-z])ether|hwaddr|bssid|物理地址)[^0-9]{0,16}".encode() + rb"\Z",
    re.IGNORECASE,
)


@kernel_without_refcounts
def _joint(data, start, stop, begin, end):  # type: ignore[no-untyped-def]
    """The byte that joins the digits ``data[start:stop]`` to others; 0 for none."""
    after = data[stop] if stop < end else 0
    before = data[start - 1] if start > begin else 0
    if stop - start == GROUP:
        return DOT if DOT in (after, before) else 0
    if after in (DASH, COLON):
        return after
    return before if before in (DASH, COLON) else 0


@kernel_without_refcounts
def _is_hex(data, start, stop, classes):  # type: ignore[no-untyped-def]
    return run_end(data, start, stop, classes, HEX) == stop


@kernel_without_refcounts
def _goes_on(data, at, begin, end, joint, classes):  # type: ignore[no-untyped-def]
    """Whether the byte at ``at``, beside an address, makes it part of something longer."""
    if at < begin or at >= end:
        return False
    if classes[data[at]] & TOKEN or (data[at] == COLON and joint != DOT):
        return True
    beyond = at + 1 if at + 1 < end else at
    return data[at] == DOT and joint == DOT and classes[data[beyond]] & ALNUM != 0


@kernel_without_refcounts
def find_mac_address(data, start, stop, begin, end, classes):  # type: ignore[no-untyped-def]
    """The address to which the pair of digits, or the group of four, ``data[start:stop]`` belongs: first byte
    (-1: none) and end."""
    size = stop - start
    joint, step, whole = _joint(data, start, stop, begin, end), size + 1, 12 + 12 // size - 1
    if joint == 0:
        return -1, stop
    first = start
    while (
        first - step >= begin
        and data[first - 1] == joint
        and _is_hex(data, first - step, first - 1, classes)
        and start - first <= whole
    ):
        first -= step
    last = first + whole
    if last > end or _goes_on(data, first - 1, begin, end, joint, classes):
        return -1, stop
    for at in range(first, last, step):
        if not _is_hex(data, at, at + size, classes) or (at + size < last and data[at + size] != joint):
            return -1, stop
    return (-1, stop) if _goes_on(data, last, begin, end, joint, classes) else (first, last)


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """An EUI-48 that some device has, in letters of one case. Without a letter it may be times or a list, and
    needs a word before it."""
    digits = _JOINTS.sub(b"", found)
    if digits in _NOBODYS or not (digits == digits.lower() or digits == digits.upper()):
        return 0
    return 0 if digits.isdigit() and not _HARDWARE_BEFORE.search(before) else len(found)


KIND = BuiltInKind(
    name="mac",
    detectors=(Detector(CANDIDATE, validate),),
    examples=(
        "mac: ⟦38:b1:db:7c:78:c7⟧ (Realtek)",
        "BSSID ⟦8D-AE-9D-65-1F-B2⟧，",
        "物理地址 ⟦12:34:56:78:90:12⟧",
        "Internet 10.1.1.1 - ⟦001A.2B3C.4D5E⟧ ARPA",
        "the switch ⟦dead.beef.caf0⟧.",
        "MAC ⟦0012.3456.7890⟧，",
    ),
    near_misses=(
        "aa:bb:cc:dd:ee:ff",
        "ff:ff:ff:ff:ff:ff",
        "10-11-12-13-14-15",
        "use these techniques together.\n12-11-10-09-08-07",
        "the machine 12:11:10:09:08:07",
        "date 2023.1012.1314 and 0012.3456.7890",
        "001a.2b3c.4d5e.6f70 and 001a.2b3c.4d5e.com",
        "FF.001A.2B3C.4D5E",
        "16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
    ),
)
