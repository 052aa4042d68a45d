"""Identity numbers of Macao (澳門居民身份證, BIR): 1, 5 or 7, six digits and a check digit, which today is in
brackets (1234567(8)) and on older cards behind a slash (1/234567/8). How the check digit is made was never
published, so a word must say what it is."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.identity_words import is_identity_announced
from pipeline.steps.privacy.word_boundaries import FREE_AFTER, FREE_BEFORE
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts

CANDIDATE = 1 << 20
MIN_DIGITS = 8
_NUMBER = rb"%b [157] (?: [0-9]{6} \([0-9]\) | / [0-9]{6} / [0-9] ) %b" % (FREE_BEFORE, FREE_AFTER)


@kernel_without_refcounts
def could_end_macao_id(size, before, before_that):  # type: ignore[no-untyped-def]
    """Whether a number could end with a group of ``size`` digits, joined to one of ``before`` and that to one
    of ``before_that``."""
    return size == 1 and (before == 7 or (before == 6 and before_that == 1))


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A number that a word announces."""
    return len(found) if is_identity_announced(before) else 0


KIND = BuiltInKind(
    name="id_card_cn",
    detectors=(Detector(CANDIDATE, validate, re.compile(_NUMBER, re.VERBOSE)),),
    ignores_separators=True,
    ignores_case=True,
    examples=(
        "澳門身份證⟦1234567(8)⟧，",
        "澳门居民身份证号码：⟦5/123456/7⟧。",
    ),
    near_misses=(
        "f = 1234567(8)",
        "澳門身份證 2234567(8)",
        "第 1/234567/8 頁",
    ),
)
