"""Identity numbers with letters, and the check digits that the authorities of Taiwan and Hong Kong published.

Taiwan's (國民身分證統一編號): a letter of the place, 1 or 2, and eight digits, the last a check digit;
foreigners' (統一證號) have 8, 9 or a letter from A to D second. Hong Kong's (HKID): one letter or two, six
digits, and a check character in brackets."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import ALNUM, DIGIT, run_end
from pipeline.steps.privacy.identity_words import is_identity_announced
from pipeline.steps.privacy.word_boundaries import stands_free
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import CLOSING_PARENTHESIS, OPENING_PARENTHESIS

CANDIDATE = 1 << 19
_TAIWAN, _HONG_KONG = (
    re.compile(rb"[A-Z][1289A-D][0-9]{8}"),
    re.compile(
        rb"(?P<letters>[A-Z]{1,2})(?P<digits>[0-9]{6})(?P<by>\(|\xef\xbc\x88)?(?P<check>[0-9A])(?:\)|\xef\xbc\x89)?"
    ),
)
_TAIWAN_DIGITS, _HONG_KONG_DIGITS = 10, 6
_LETTERS = b"ABCDEFGHJKLMNPQRSTUVXYWZIO"
_FIRST_LETTER = 10
_BRACKET_LEAD, _BRACKET_MIDDLE, _OPENING_LAST, _CLOSING_LAST = 0xEF, 0xBC, 0x88, 0x89


@kernel_without_refcounts
def _bracket_size(data, at, end, plain, wide):  # type: ignore[no-untyped-def]
    """Bytes of the bracket at ``at``, plain or full-width; 0 for none."""
    if at < end and data[at] == plain:
        return 1
    is_wide = (
        at + 2 < end
        and data[at] == _BRACKET_LEAD
        and data[at + 1] == _BRACKET_MIDDLE
        and data[at + 2] == wide
    )
    return 3 if is_wide else 0


@kernel_without_refcounts
def lettered_id_end(data, start, stop, end, classes):  # type: ignore[no-untyped-def]
    """The end of what may be an identity number and begins with the word
    ``data[start:stop]``; -1 for none."""
    size = stop - start
    digits = run_end(data, start + 2, stop, classes, DIGIT) == stop
    if size < _HONG_KONG_DIGITS + 1 or size > _TAIWAN_DIGITS or classes[data[start]] & DIGIT:
        return -1
    if size == _TAIWAN_DIGITS:
        return stop if digits else -1
    opening = _bracket_size(data, stop, end, OPENING_PARENTHESIS, _OPENING_LAST)
    check = stop + opening
    if opening and digits and check < end and classes[data[check]] & ALNUM:
        closing = _bracket_size(data, check + 1, end, CLOSING_PARENTHESIS, _CLOSING_LAST)
        return check + 1 + closing if closing else -1
    last = run_end(data, start + 2, stop - 1, classes, DIGIT)
    return stop if size >= _HONG_KONG_DIGITS + 2 and last == stop - 1 else -1


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """The check digit; and a word before it, but for Hong Kong's with its brackets."""
    upper = found.upper()
    if not stands_free(before, after):
        return 0
    if _TAIWAN.fullmatch(upper):
        return len(found) if _is_taiwans(upper) and is_identity_announced(before) else 0
    match = _HONG_KONG.fullmatch(upper)
    if match is None or not _is_hong_kongs(match["letters"], match["digits"], match["check"]):
        return 0
    return len(found) if match["by"] or is_identity_announced(before) else 0


def _number(letter: int) -> int:
    """10 to 35, in the order in which Taiwan gave its places letters."""
    return _LETTERS.index(letter) + _FIRST_LETTER


def _is_taiwans(number: bytes) -> bool:
    place = _number(number[0])
    second = number[1:2] if number[1:2].isdigit() else b"%d" % (_number(number[1]) % 10)
    digits = [place // 10, place % 10, *(int(chr(digit)) for digit in second + number[2:])]
    weights = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
    return sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 10 == 0


def _is_hong_kongs(letters: bytes, digits: bytes, check: bytes) -> bool:
    """Letters count 10 to 35, a missing first one 36, an A at the end 10."""
    values = [36, *(int(chr(letter), 36) for letter in letters)][-2:]
    values += [int(chr(digit)) for digit in digits] + [int(check, 36)]
    return sum(weight * value for weight, value in zip(range(9, 0, -1), values, strict=True)) % 11 == 0


KIND = BuiltInKind(
    name="id_card_cn",
    detectors=(Detector(CANDIDATE, validate),),
    ignores_separators=True,
    ignores_case=True,
    examples=(
        "身分證字號：⟦A123456789⟧，",
        "統一證號⟦A800000014⟧。",
        "香港身份證⟦A123456(3)⟧，",
        "持有人 ⟦C668668(9)⟧",
        "HKID: ⟦A1234563⟧.",
        "身份证号码⟦G123456（A）⟧；",
    ),
    near_misses=(
        "料號 A123456789",
        "身分證字號：A123456788",
        "f = A123456(4)",
        "HKID: A1234564",
        "part C668668(7)",
    ),
)
