"""Vehicle plates of mainland China (GA 36-2018): the province's character, a letter, and five characters,
six of a new-energy vehicle, or four and a character of its use (学, 警, 领 ...)."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import UPPER
from pipeline.steps.privacy.byte_matching import code_of_three, codes, is_one_of
from pipeline.steps.privacy.word_boundaries import stands_free
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import DASH, FIRST_NON_ASCII, SPACE

CANDIDATE = 1 << 10
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PROVINCE_CODES = codes(character.encode() for character in PROVINCES)
_MIDDLE_DOT, _BULLET = tuple("·".encode()), tuple("•".encode())
_LONGEST_TAIL = 7  # the letter, and six characters of a new-energy vehicle
_FIRST_OF_CJK = 0xE0
PLATE = re.compile(
    f"[{PROVINCES}][A-HJ-Z](?:·|•|[ -])?"
    "(?:[A-K][A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}[A-K]|[A-HJ-NP-Z0-9]{4}[学警挂港澳领使"
    "]|(?P<plain>[A-HJ-NP-Z0-9]{5}))"
)


@kernel_without_refcounts
def _province_ends(data, end, begin):  # type: ignore[no-untyped-def]
    """Whether a province's character ends at ``end``."""
    if end - begin < 3 or data[end - 1] < FIRST_NON_ASCII:
        return False
    return is_one_of(code_of_three(data, end - 3), _PROVINCE_CODES)


@kernel_without_refcounts
def _letter_before_mark(data, start, begin):  # type: ignore[no-untyped-def]
    """Where the letter of a plate is that · or • or a space or dash divides from ``start``; may be before
    ``begin``, and is -1 where no such mark is."""
    letter = start - 2
    if letter > begin and data[start - 1] == _MIDDLE_DOT[1] and data[start - 2] == _MIDDLE_DOT[0]:
        return letter - 1
    if (
        letter - 1 > begin
        and data[start - 1] == _BULLET[2]
        and data[start - 2] == _BULLET[1]
        and data[start - 3] == _BULLET[0]
    ):
        return letter - 2
    return letter if letter >= begin and data[start - 1] in (SPACE, DASH) else -1


@kernel_without_refcounts
def _plate_start(data, start, stop, begin, classes):  # type: ignore[no-untyped-def]
    """Where the plate that ends with this word begins (京A12345, 京A·12345, 京A 12345); -1 for none."""
    if classes[data[start]] & UPPER and stop - start >= 5 and _province_ends(data, start, begin):
        return start - 3
    letter = _letter_before_mark(data, start, begin)
    if letter > begin and classes[data[letter]] & UPPER and _province_ends(data, letter, begin):
        return letter - 3
    return -1


@kernel_without_refcounts
def find_plate(data, start, stop, begin, end, classes):  # type: ignore[no-untyped-def]
    """The plate that ends with this word: first byte (-1: none) and end."""
    if stop - start > _LONGEST_TAIL:
        return -1, stop
    first = _plate_start(data, start, stop, begin, classes)
    # A special plate (京A1234警) ends with a character.
    return first, min(end, stop + 3) if stop < end and data[stop] >= _FIRST_OF_CJK else stop


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A plate of one of the forms; one of five characters has two digits or more."""
    match = PLATE.match(found.decode(errors="ignore"))
    if match is None or (match["plain"] and sum(map(str.isdigit, match["plain"])) < 2):
        return 0
    size = len(match.group().encode())
    return size if stands_free(b"", found[size:] + after) else 0


KIND = BuiltInKind(
    name="plate_cn",
    detectors=(Detector(CANDIDATE, validate),),
    ignores_separators=True,
    examples=(
        "车牌⟦京A12345⟧的",
        "车牌号：⟦粤B·D12345⟧。",
        "⟦京AB12CD⟧",
        "⟦沪A1234警⟧停在",
    ),
    near_misses=(
        "京ICP备16044242号",
        "京A123456",
        "京ABCD1E",
        "北A12345",
        "沪 A 座 1234 室",
    ),
)
