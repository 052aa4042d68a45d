"""Resident identity numbers of China (公民身份号码, GB 11643-1999): six digits of a place, the date of
birth, three of an order and a check character."""

from __future__ import annotations

import re
from datetime import date

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.iso7064 import mod_11_2_check
from pipeline.steps.privacy.province_codes_cn import PROVINCES
from pipeline.steps.privacy.word_boundaries import FREE_AFTER, FREE_BEFORE
from pipeline.text.arrow.kernel import kernel

CANDIDATE = 1 << 7
MIN_DIGITS = 14
_NUMBER = re.compile(
    FREE_BEFORE
    + rb"[1-8][0-9]{5}[ ]?(?:18|19|20)[0-9]{2}[01][0-9][0-3][0-9][ ]?[0-9]{3}[0-9Xx]"
    + FREE_AFTER,
    re.VERBOSE,
)


@kernel
def could_hold_id_card(size, before):  # type: ignore[no-untyped-def]
    """Whether a group of ``size`` digits, joined to one of ``before``, could be a number, or a part of one in
    groups of 6, 8 and 4."""
    return size >= MIN_DIGITS or (before == 6 and size >= 8)


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """Province, date of birth, check character."""
    digits = found.replace(b" ", b"").upper()
    try:
        date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return 0
    return len(found) if digits[:2] in PROVINCES and digits[17] == mod_11_2_check(digits[:17]) else 0


KIND = BuiltInKind(
    name="id_card_cn",
    detectors=(Detector(CANDIDATE, validate, _NUMBER),),
    ignores_separators=True,
    ignores_case=True,
    examples=(
        "身份证⟦11010519491231002X⟧，",
        "身份证号码：⟦11010519491231002x⟧",
        "身份证 ⟦110105 19491231 002X⟧ 有效",
        "ID ⟦440524188001010014⟧ ok",
    ),
    near_misses=(
        "110105194912310021",  # check character
        "11010519490231002X",  # 31 February
        "99010519491231002X",  # no such province
        "1101051949123100",
    ),
)
