"""Unified social credit codes of China's organisations (统一社会信用代码, GB 32100-2015): authority,
category, six digits of a place, the nine characters of the organisation code (GB 11714-1997) and a check
character."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import SPACED, run_end
from pipeline.steps.privacy.province_codes_cn import PROVINCES
from pipeline.steps.privacy.word_boundaries import stands_free
from pipeline.text.arrow.kernel import kernel
from pipeline.text.unicode.byte_names import ZERO

CANDIDATE = 1 << 8
CHARACTERS = 18
_CODE = re.compile(rb"[1-9ANY][1-59][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_ALPHABET = b"0123456789ABCDEFGHJKLMNPQRTUWXY"
_NATIONWIDE = b"10"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_CHECKS = b"0X987654321"


@kernel
def could_be_credit_code(data, start, stop, classes):  # type: ignore[no-untyped-def]
    """Whether a word has the length and the characters of a code."""
    return stop - start == CHARACTERS and run_end(data, start, stop, classes, SPACED) == stop


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """Authority, province and check character. A code of digits only must also hold a valid organisation
    code, since one in thirty order numbers of that form would pass."""
    if (
        not _CODE.fullmatch(found)
        or not (found[2:4] in PROVINCES or found[2:4] == _NATIONWIDE)
        or not stands_free(before, after)
    ):
        return 0
    return len(found) if _is_checked(found) and (not found.isdigit() or _is_organisation(found[8:17])) else 0


def _is_checked(code: bytes) -> bool:
    values = [_ALPHABET.index(character) for character in code]
    total = sum(value * pow(3, place, 31) for place, value in enumerate(values[:17])) + values[17]
    return total % 31 == 0


def _is_organisation(code: bytes) -> bool:
    total = sum(weight * (byte - ZERO) for weight, byte in zip(_ORGANISATION_WEIGHTS, code[:8], strict=True))
    return code[8] == _ORGANISATION_CHECKS[total % 11]


KIND = BuiltInKind(
    name="credit_code_cn",
    detectors=(Detector(CANDIDATE, validate),),
    examples=(
        "统一社会信用代码：⟦9144030071526726XG⟧",
        "信用代码⟦91110000802100433B⟧，",
    ),
    near_misses=(
        "9144030071526726XA",  # check character
        "9144030071526726X",
        "信用代码 9144030071526726xg",
        "9199030071526726XG",  # no such province
    ),
)
