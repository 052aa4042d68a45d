"""Resident identity numbers of China (公民身份号码, GB 11643-1999): six digits of a place, the date of
birth, three of an order and a check character; and those of before 1999, which had two digits of the year and
no check character."""

from __future__ import annotations

import re
from datetime import date

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.identity_words import is_identity_announced
from pipeline.steps.privacy.iso7064 import mod_11_2_check
from pipeline.steps.privacy.province_codes_cn import PROVINCES
from pipeline.steps.privacy.word_boundaries import FREE_AFTER, FREE_BEFORE
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts

CANDIDATE = 1 << 7
MIN_DIGITS = 14
_OLD_DIGITS = 15
_SEPARATORS = re.compile(rb"[ \-]")
_NUMBER = re.compile(
    FREE_BEFORE
    + rb"""[1-8][0-9]{5} (?: [0-9]{2}[01][0-9][0-3][0-9][0-9]{3}
      | (?P<by>[ \-]?) (?:18|19|20)[0-9]{2} (?P=by)? [01][0-9][0-3][0-9] (?P=by) [0-9]{3}[0-9Xx] )"""
    + FREE_AFTER,
    re.VERBOSE,
)


@kernel_without_refcounts
def could_hold_id_card(size, before):  # type: ignore[no-untyped-def]
    """Whether a group of ``size`` digits, joined to one of ``before``, could be a number, or a part of one in
    groups of 6, 8 and 4 or 6, 4, 4 and 4."""
    return size >= MIN_DIGITS or (before == 6 and (size == 4 or size >= 8))


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """Province, date of birth, check character; a number without one needs a word before it."""
    digits = _SEPARATORS.sub(b"", found).upper()
    is_old = len(digits) == _OLD_DIGITS
    born = b"19" + digits[6:12] if is_old else digits[6:14]
    try:
        date(int(born[:4]), int(born[4:6]), int(born[6:]))
    except ValueError:
        return 0
    if digits[:2] not in PROVINCES:
        return 0
    is_right = is_identity_announced(before) if is_old else digits[17] == mod_11_2_check(digits[:17])
    return len(found) if is_right else 0


KIND = BuiltInKind(
    name="id_card_cn",
    detectors=(Detector(CANDIDATE, validate, _NUMBER),),
    ignores_separators=True,
    ignores_case=True,
    examples=(
        "身份证⟦11010519491231002X⟧，",
        "身份证号码：⟦11010519491231002x⟧",
        "身份证 ⟦110105 19491231 002X⟧ 有效",
        "身份证：⟦110105-19491231-002X⟧，",
        "身份證 ⟦110105 1949 1231 002X⟧。",
        "旧身份证号码⟦110105491231002⟧已经",
        "ID ⟦440524188001010014⟧ ok",
    ),
    near_misses=(
        "110105194912310021",  # check character
        "11010519490231002X",  # 31 February
        "99010519491231002X",  # no such province
        "1101051949123100",
        "110105491231002",  # fifteen digits, and no word before them
        "身份证 110105491331002",  # no such month
        "身份证号 110105-19491231 002X",
    ),
)
