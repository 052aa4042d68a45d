"""QQ numbers, of people and groups: five to eleven digits, the first not 0, as Tencent gives them out. They
are known by a QQ before them."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import DIGIT, run_end
from pipeline.steps.privacy.word_boundaries import stands_free
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import (
    CASE_BIT,
    SMALL_A,
    SMALL_D,
    SMALL_O,
    SMALL_P,
    SMALL_Q,
    SMALL_R,
    SMALL_Z,
)

CANDIDATE = 1 << 14
_FEWEST, _MOST, _GAP = 5, 11, 24
_LAST_LETTERS = (SMALL_D, SMALL_O, SMALL_P, SMALL_R)  # of id, no, group, number
_QQ_BEFORE = re.compile(
    "(?<![A-Za-z<])qq ?(?:交流)?(?:群|号|號|number|no\\.?|id|group)?(?:号|號)?(?:码|碼)?(?:[ "
    ":=(#]|：|（|是|为|為){0,4}".encode()
    + "(?:[0-9]{5,11}(?:[ ,/;]|、|，|或|和|；){1,3})?".encode()
    + rb"\Z",
    re.IGNORECASE,
)


@kernel_without_refcounts
def _qq_stands_before(data, start, begin):  # type: ignore[no-untyped-def]
    """Whether the letters nearest before a number, at most 24 bytes away, are a Q or end in one; but for one
    word that ends as number, no, id and group do."""
    at, has_passed_word = start - 1, False
    while at >= begin and start - at <= _GAP:
        letter = data[at] | CASE_BIT
        if SMALL_A <= letter <= SMALL_Z:
            if letter == SMALL_Q or has_passed_word or letter not in _LAST_LETTERS:
                return letter == SMALL_Q
            has_passed_word = True
            while at > begin and start - at <= _GAP and SMALL_A <= data[at - 1] | CASE_BIT <= SMALL_Z:
                at -= 1
        at -= 1
    return False


@kernel_without_refcounts
def qq_start(data, start, stop, begin, classes):  # type: ignore[no-untyped-def]
    """Where the number begins in a word that is digits after a QQ, or qq and digits; -1 for none."""
    size = stop - start
    if (
        _FEWEST <= size <= _MOST
        and run_end(data, start, stop, classes, DIGIT) == stop
        and _qq_stands_before(data, start, begin)
    ):
        return start
    if (
        _FEWEST + 2 <= size <= _MOST + 2
        and data[start] | CASE_BIT == data[start + 1] | CASE_BIT == SMALL_Q
        and run_end(data, start + 2, stop, classes, DIGIT) == stop
    ):
        return start + 2
    return -1


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A number announced as such; no version (QQ 10.5)."""
    return len(found) if found[:1] != b"0" and stands_free(b"", after) and _QQ_BEFORE.search(before) else 0


KIND = BuiltInKind(
    name="qq",
    detectors=(Detector(CANDIDATE, validate),),
    examples=(
        "客服经理QQ：⟦3013739370⟧。",
        "加qq⟦77291275⟧",
        "QQ number: ⟦77291275⟧",
        "QQ Group ⟦77291275⟧",
        "qq id: ⟦77291275⟧",
    ),
    near_misses=(
        "QQ浏览器 10.53863",
        "QQ空间 123456 次访问",
        "IQ 12345",
        "编号：1234567",
    ),
)
