"""The tables of code points are what Python's Unicode database says of each one."""

from __future__ import annotations

import unicodedata

import numpy as np

from pipeline.text.similarity.text_units import (
    CJK,
    CJK_RANGES,
    FULL_WIDTH,
    HAN_SUPPLEMENT,
    SEPARATOR,
    TRANSPARENT,
    fold_table,
)
from pipeline.text.unicode.categories import SIZE, is_category
from pipeline.text.unicode.character_classes import SPACE, class_table
from pipeline.text.unicode.script import HAN, JAPANESE, SIMPLIFIED, STANDARD, TRADITIONAL, script_table


def test_every_code_point_has_its_category() -> None:
    found = np.array(list(map(unicodedata.category, map(chr, range(SIZE)))))
    for name in np.unique(found).tolist():
        np.testing.assert_array_equal(is_category(name), found == name)


def test_a_letter_stands_for_all_its_categories() -> None:
    expected = [
        point for point in range(0x3000) if unicodedata.category(chr(point)) in ("Lu", "Nd", "Nl", "No")
    ]
    assert np.flatnonzero(is_category("Lu", "N")[:0x3000]).tolist() == expected


def test_space_is_pythons() -> None:
    assert np.flatnonzero(class_table() == SPACE).tolist() == [
        point for point in range(SIZE) if chr(point).isspace()
    ]


def _folded(point: int) -> int:
    category = unicodedata.category(chr(point))
    if category[0] == "M" or category == "Cf":
        return TRANSPARENT
    if category[0] not in "LN":
        return SEPARATOR
    character = chr(point - 0xFEE0) if FULL_WIDTH[0] <= point < FULL_WIDTH[1] else chr(point)
    lower = character.lower()
    folded = ord(lower) if len(lower) == 1 else point
    return folded | CJK if any(begin <= point < end for begin, end in CJK_RANGES) else folded


def test_units_fold_as_python_lowers() -> None:
    first = HAN_SUPPLEMENT[0]
    assert fold_table()[:first].tolist() == [_folded(point) for point in range(first)]
    assert (fold_table()[first:] == np.arange(*HAN_SUPPLEMENT, dtype=np.uint32) | np.uint32(CJK)).all()


def _standard(character: str) -> int:
    simplified, traditional, japanese = (
        _encodes(character, charset) for charset in ("gb2312", "big5", "shift_jis")
    )
    if simplified != traditional:
        return SIMPLIFIED if simplified else TRADITIONAL
    return JAPANESE if japanese and not simplified else 0


def _encodes(character: str, charset: str) -> bool:
    return character.encode(charset, "ignore") != b""


def test_the_standards_tell_the_scripts_apart() -> None:
    ideographs = [chr(point) for point in range(0x4E00, 0xA000) if unicodedata.category(chr(point)) == "Lo"]
    assert [script_table()[ord(one)] for one in ideographs] == [
        HAN + 1 | _standard(one) << STANDARD for one in ideographs
    ]
