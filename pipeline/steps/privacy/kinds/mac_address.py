"""MAC addresses: the EUI-48 of IEEE Std 802, six pairs of hexadecimal digits joined by colons or dashes."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import HEX, TOKEN
from pipeline.text.arrow.kernel import kernel
from pipeline.text.unicode.byte_names import COLON, DASH

CANDIDATE = 1 << 6
BYTES = 17
_DISTANCE = 3  # from pair to pair
_NOBODYS = (b"0" * 12, b"f" * 12, b"F" * 12)
_HARDWARE_BEFORE = re.compile(
    "(?:mac(?:addr(?:ess)?)?(?![a-z])|(?<![a-z])ether|hwaddr|bssid|物理地址)[^0-9]{0,16}".encode() + rb"\Z",
    re.IGNORECASE,
)


@kernel
def _joined_by(data, pair, begin, end):  # type: ignore[no-untyped-def]
    """The byte that joins the pair of digits at ``pair`` to another; 0 for none."""
    if pair + 2 < end and data[pair + 2] in (DASH, COLON):
        return data[pair + 2]
    return data[pair - 1] if pair > begin and data[pair - 1] in (DASH, COLON) else 0


@kernel
def _goes_on(byte, classes):  # type: ignore[no-untyped-def]
    """Whether a byte beside six pairs makes them part of something longer."""
    return classes[byte] & TOKEN != 0 or byte == COLON


@kernel
def mac_address_start(data, pair, begin, end, classes):  # type: ignore[no-untyped-def]
    """Where the address begins to which the pair of digits at ``pair`` belongs; -1 for none."""
    joint = _joined_by(data, pair, begin, end)
    if joint == 0:
        return -1
    first = pair
    while (
        first - _DISTANCE >= begin
        and data[first - 1] == joint
        and classes[data[first - 2]] & classes[data[first - 3]] & HEX
        and pair - first <= BYTES
    ):
        first -= _DISTANCE
    stop = first + BYTES
    if stop > end or (first > begin and _goes_on(data[first - 1], classes)):
        return -1
    for at in range(first, stop):
        if not (data[at] == joint if (at - first) % _DISTANCE == 2 else classes[data[at]] & HEX):
            return -1
    return -1 if stop < end and _goes_on(data[stop], classes) else first


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """An EUI-48 that some device has, in letters of one case. Without a letter it may be times or a list, and
    needs a word before it."""
    digits = found.replace(b":", b"").replace(b"-", b"")
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
    ),
    near_misses=(
        "aa:bb:cc:dd:ee:ff",
        "ff:ff:ff:ff:ff:ff",
        "10-11-12-13-14-15",
        "use these techniques together.\n12-11-10-09-08-07",
        "the machine 12:11:10:09:08:07",
        "16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
    ),
)
