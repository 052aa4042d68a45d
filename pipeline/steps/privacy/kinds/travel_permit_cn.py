"""Numbers of the permits with which people of Hong Kong and Macao (回乡证: H or M, and eight or ten digits)
and of Taiwan (台胞证: eight or ten digits) enter the mainland, and of the passports of Hong Kong (H, K, HJ,
KJ) and Macao (MA, MB), as the National Immigration Administration prints them. They have no check digit."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import DIGIT, run_end
from pipeline.steps.privacy.byte_matching import code_of_three, codes, is_one_of
from pipeline.steps.privacy.word_boundaries import stands_free
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import FIRST_NON_ASCII

CANDIDATE = 1 << 21
_FEWEST, _MOST, _GAP = 8, 11, 48
_CERTIFICATES = codes(character.encode() for character in "证證照")
_PERMIT = re.compile(rb"[HM][0-9]{8}(?:[0-9]{2})?|[HK][0-9]{8}|(?:[HK]J|M[AB])[0-9]{7}", re.IGNORECASE)
_TAIWANS = re.compile(rb"[0-9]{8}(?:[0-9]{2})?")
_NUMBER_BETWEEN = (
    '(?: ?(?:号码|號碼|号|號|编号|編號|no\\.?))?(?: ?(?:：|:|是|为|為))? ?(?:[("“]|（)?'.encode()
)
_CARD = "(?:证|證)"
_PERMIT_BEFORE = re.compile(f"(?:护照|護照|通行{_CARD}|回(?:乡|鄉){_CARD})[^0-9<>\n]{{0,30}}\\Z".encode())
_TAIWANS_BEFORE = re.compile(
    f"(?:(?:台|臺)胞{_CARD}|(?:台|臺)(?:湾|灣)居民(?:来|來)往大(?:陆|陸)通行{_CARD})".encode()
    + _NUMBER_BETWEEN
    + rb"\Z",
    re.IGNORECASE,
)


@kernel_without_refcounts
def could_be_permit(data, start, stop, begin, classes):  # type: ignore[no-untyped-def]
    """Whether a word is of a permit's form, and the last Han before it that may be 证, 證 or 照 is near."""
    if not (_FEWEST <= stop - start <= _MOST and run_end(data, start + 2, stop, classes, DIGIT) == stop):
        return False
    at, first = start - 1, max(begin + 2, start - _GAP)
    while at >= first:
        if data[at] >= FIRST_NON_ASCII and is_one_of(code_of_three(data, at - 2), _CERTIFICATES):
            return True
        at -= 1
    return False


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A number with the permit's name before it."""
    if not stands_free(before, after):
        return 0
    if _TAIWANS.fullmatch(found):
        return len(found) if _TAIWANS_BEFORE.search(before) else 0
    return len(found) if _PERMIT.fullmatch(found) and _PERMIT_BEFORE.search(before) else 0


KIND = BuiltInKind(
    name="passport_cn",
    detectors=(Detector(CANDIDATE, validate),),
    ignores_case=True,
    examples=(
        "港澳居民来往内地通行证号码⟦H12345678⟧，",
        "回鄉證：⟦M1234567890⟧。",
        "台胞证号码⟦12345678⟧，都要带上",
        "香港護照 ⟦HJ1234567⟧。",
        "q=台胞證：⟦8502713620⟧",
    ),
    near_misses=(
        "通行证 20240115 起办理",
        "型号 H12345678",
        "台胞证自 20240115 起",
        "回乡证 H1234567",
    ),
)
