"""Passport numbers of China: ordinary (E or G and eight digits, or E, a letter and seven), diplomatic,
service and public affairs passports (D, S, P, with or without a second letter), as the National Immigration
Administration prints them. They have no check digit of their own (ICAO Doc 9303 has one in the
machine-readable zone only)."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import DIGIT, run_end
from pipeline.steps.privacy.word_boundaries import stands_free
from pipeline.text.arrow.kernel import kernel

CANDIDATE = 1 << 9
_NUMBER = re.compile(rb"[EGDSPKegdspk][0-9]{8}|[EDSPedsp][A-HJ-NP-Za-hj-np-z][0-9]{7}|[DSPdsp][0-9]{7}")
_PASSPORT_BEFORE = re.compile(
    "(?:护照|護照|(?<!<)passport|旅行证)[^0-9<>]{0,30}".encode() + rb"\Z", re.IGNORECASE
)


@kernel
def could_be_passport(data, start, stop, classes):  # type: ignore[no-untyped-def]
    """Whether a word is a letter, a letter or digit, and six or seven digits."""
    return (
        8 <= stop - start <= 9
        and not classes[data[start]] & DIGIT
        and run_end(data, start + 2, stop, classes, DIGIT) == stop
    )


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A number with the word before it: there is no check digit."""
    is_announced = _NUMBER.fullmatch(found) and _PASSPORT_BEFORE.search(before) and stands_free(b"", after)
    return len(found) if is_announced else 0


KIND = BuiltInKind(
    name="passport_cn",
    detectors=(Detector(CANDIDATE, validate),),
    ignores_case=True,
    examples=(
        "护照号码：⟦E12345678⟧",
        "Passport No. ⟦EA1234567⟧",
        "外交护照 ⟦D1234567⟧，",
    ),
    near_misses=(
        "零件 E12345678",
        "护照 A12345678",
        "passport E1234567890",
        "passport.js?v=12345678",
    ),
)
