"""Numbers of bank cards (ISO/IEC 7812-1): the issuer's prefix, the length that it uses, and the Luhn digit;
in one word, in groups of four, or as American Express prints them."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.luhn import is_luhn
from pipeline.steps.privacy.word_boundaries import FREE_AFTER, FREE_BEFORE, SEPARATORS
from pipeline.text.arrow.kernel import kernel

CANDIDATE = 1 << 11
MIN_DIGITS = 14
_NUMBER = (
    FREE_BEFORE
    + rb"(?: [1-9][0-9]{13,18} | [1-9][0-9]{3} (?P<by>[ \-]) [0-9]{4} (?P=by) [0-9]{4} (?P=by) [0-9]{2,4} "
    rb"(?: (?P=by) [0-9]{3} )?"
    rb" | 3[0-9]{3} (?P<as>[ \-]) [0-9]{6} (?P=as) [0-9]{4,5} )" + FREE_AFTER
)
_GROUP_BEFORE = re.compile(rb"[0-9A-Z]{4}[ \-]\Z")
_ISSUERS: tuple[tuple[int, int, range], ...] = (
    (300, 305, range(14, 15)),  # Diners Club
    (34, 34, range(15, 16)),  # American Express
    (37, 37, range(15, 16)),
    (3528, 3589, range(16, 17)),  # JCB
    (36, 36, range(14, 15)),  # Diners Club
    (38, 39, range(14, 15)),
    (4, 4, range(16, 17)),  # Visa
    (51, 55, range(16, 17)),  # Mastercard
    (2221, 2720, range(16, 17)),
    (6011, 6011, range(16, 17)),  # Discover
    (644, 659, range(16, 17)),
    (62, 62, range(16, 20)),  # UnionPay
    (9558, 9558, range(19, 20)),  # ICBC's own, still in use in China
)
"""First and last prefix, and how many digits the card number has."""


@kernel
def could_hold_bank_card(size, before, before_that):  # type: ignore[no-untyped-def]
    """Whether a group of ``size`` digits, joined to one of ``before`` and that to one of ``before_that``,
    could be a number, or the third group of one (4 4 4) or the second (4 6)."""
    return size >= MIN_DIGITS or (before == 4 and (size == 6 or (size == 4 and before_that == 4)))


def has_issuer(digits: bytes) -> bool:
    """Whether some issuer has card numbers of this prefix and length."""
    return any(
        len(digits) in lengths and first <= int(digits[: len(str(first))]) <= last
        for first, last, lengths in _ISSUERS
        if digits
    )


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """Issuer, length and check digit; no end of a longer number in groups."""
    if not found.isdigit() and _GROUP_BEFORE.search(before):
        return 0
    ends = [len(found), *(match.start() for match in reversed(list(SEPARATORS.finditer(found))))]
    for end in ends:
        digits = SEPARATORS.sub(b"", found[:end])
        if has_issuer(digits) and is_luhn(digits):
            return end
    return 0


KIND = BuiltInKind(
    name="bank_card",
    detectors=(Detector(CANDIDATE, validate, re.compile(_NUMBER, re.VERBOSE)),),
    ignores_separators=True,
    examples=(
        "卡号⟦4111111111111111⟧有效",
        "card: ⟦4111 1111 1111 1111⟧ 123",
        "⟦5500-0000-0000-0004⟧",
        "amex ⟦3782 822463 10005⟧",
        "银联卡号：⟦6222021234567890128⟧",
        "卡号 ⟦6222 0212 3456 7890 128⟧ 工行",
    ),
    near_misses=(
        "4111111111111112",  # Luhn
        "1234567812345670",  # no issuer
        "0.4111111111111111",
        "id_4111111111111111",
        "41111111111111111111111",
        "deadbeef4111111111111111",
        "550e8400-e29b-41d4-a716-446655440000",
        "1700000000000000",
    ),
)
