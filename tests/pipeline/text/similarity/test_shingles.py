"""Units and shingles against plain Python over code points."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.similarity.shingles import BLOCK, shingles
from pipeline.text.similarity.text_units import (
    CJK_RANGES,
    FULL_WIDTH,
    HAN_SUPPLEMENT,
    fold_table,
    is_cjk,
    scan,
)

ENGLISH = "There should be one-- and preferably only one --obvious way to do it."
CHINESE = "子曰：「學而時習之，不亦說乎？有朋自遠方來，不亦樂乎？」"
FAMILIAR = st.sampled_from("ab Z9éЖ,。学習あ한Ａ１\u00ad\u0301\u200b\U00020000")
MIXED = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), FAMILIAR), max_size=60)


def cjk(unit: str) -> bool:
    """Whether a unit is one CJK character. The supplementary planes count as a whole: Unicode goes on adding
    Han there."""
    if len(unit) > 1 or unicodedata.category(unit)[0] not in "LN":
        return len(unit) == 1 and HAN_SUPPLEMENT[0] <= ord(unit) < HAN_SUPPLEMENT[1]
    return any(first <= ord(unit) < end for first, end in (*CJK_RANGES, HAN_SUPPLEMENT))


def reference(text: str, by_character: bool) -> list[tuple[str, int, int]]:
    """(folded unit, first byte, end byte) of every unit."""
    units: list[tuple[str, int, int]] = []
    word, first, last, position = "", 0, 0, 0
    for character in text:
        width = len(character.encode())
        position += width
        category = unicodedata.category(character)
        if category[0] == "M" or category == "Cf":
            continue
        letter = cjk(character) or (category[0] in "LN" and ord(character) < HAN_SUPPLEMENT[0])
        alone = letter and (cjk(character) or by_character)
        if word and (alone or not letter):
            units.append((word, first, last))
            word = ""
        if not letter:
            continue
        plain = chr(ord(character) - 0xFEE0) if FULL_WIDTH[0] <= ord(character) < FULL_WIDTH[1] else character
        folded = plain.lower() if len(plain.lower()) == 1 else plain
        if alone:
            units.append((folded, position - width, position))
            continue
        first = first if word else position - width
        word, last = word + folded, position
    return [*units, (word, first, last)] if word else units


def scanned(text: str, by_character: bool, capacity: int) -> tuple[list[int], list[tuple[int, int]]]:
    offsets, data = text_buffers(pa.array([text]))
    hashes, spans = np.empty(capacity, np.uint64), np.empty((2, capacity), np.int64)
    found: list[int] = []
    places: list[tuple[int, int]] = []
    position = int(offsets[0])
    while position < offsets[1]:
        count, position = scan(data, position, int(offsets[1]), fold_table(), by_character, hashes, spans, 0)
        found += hashes[:count].tolist()
        places += [(int(first), int(end)) for first, end in spans[:, :count].T]
    return found, places


@settings(max_examples=200, deadline=None)
@example("葛\U000e0100城 a\U000e0100b \U000e0041x\U000e0002y", False, 1)
@given(MIXED, st.booleans(), st.integers(1, 7))
def test_units_are_those_of_plain_python_whatever_the_block(
    text: str, by_character: bool, capacity: int
) -> None:
    found, places = scanned("." + text, by_character, capacity)
    expected = reference("." + text, by_character)
    assert places == [(first, end) for _, first, end in expected]
    names: dict[int, str] = {}
    assert [names.setdefault(value, name) for value, (name, _, _) in zip(found, expected, strict=True)] == [
        name for name, _, _ in expected
    ]
    assert len(set(found)) == len({name for name, _, _ in expected})


@settings(max_examples=100, deadline=None)
@given(MIXED)
def test_cjk_is_decided_by_units(text: str) -> None:
    units = reference("." + text, by_character=False)
    characters = sum(cjk(name) for name, _, _ in units)
    offsets, data = text_buffers(pa.array(["." + text]))
    assert is_cjk(data, int(offsets[0]), int(offsets[1]), fold_table()) == (
        characters > 0 and characters >= len(units) - characters
    )


@pytest.mark.parametrize(
    "letter", ["\u1100", "\u11ff", "あ", "ㄱ", "\u3400", "学", "한", "\uf900", "\U00020000"]
)
def test_the_first_letters_of_every_range_are_cjk(letter: str) -> None:
    offsets, data = text_buffers(pa.array([letter * 8, "ა" * 8, "ᠠ" * 8]))
    found = [is_cjk(data, offsets[row], offsets[row + 1], fold_table()) for row in range(3)]
    assert found == [True, False, False], "Georgian and Mongolian have the lead byte E1 too"


@pytest.mark.parametrize(
    ("text", "expected"), [("a b 学", False), ("a 学", True), ("学 a", True), ("a", False)]
)
def test_the_first_word_counts(text: str, expected: bool) -> None:
    offsets, data = text_buffers(pa.array([text]))
    assert is_cjk(data, offsets[0], offsets[1], fold_table()) is expected


def windows(text: str, words: int, characters: int) -> list[tuple[str, ...]]:
    units = [name for name, _, _ in reference(text, by_character=False)]
    own = sum(cjk(name) for name in units)
    by_character = own > 0 and 2 * own >= len(units)
    size = characters if by_character else words
    names = [name for name, _, _ in reference(text, by_character)]
    return (
        [tuple(names[first : first + size]) for first in range(max(1, len(names) - size + 1))]
        if names
        else []
    )


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH * 40,
        CHINESE * 30,
        ENGLISH + CHINESE,
        "Simple is",
        "",
        "...",
        "学而",
        "Ｐｙｔｈｏｎ３ PYTHON3 python3",
    ],
)
def test_one_hash_for_each_window(text: str) -> None:
    check_windows(text, 5, 4)


@given(MIXED, st.integers(1, 6), st.integers(1, 6))
def test_one_hash_for_each_window_of_any_text(text: str, words: int, characters: int) -> None:
    check_windows(text, words, characters)


def check_windows(text: str, words: int, characters: int) -> None:
    hashes, starts = shingles(pa.array(["before", text]), words, characters)
    found, expected = hashes[starts[1] : starts[2]].tolist(), windows(text, words, characters)
    assert len(found) == len(expected)
    assert len(set(found)) == len(set(expected))
    assert [found.index(value) for value in found] == [expected.index(window) for window in expected]


def test_a_document_longer_than_a_block_has_the_shingles_of_its_pieces() -> None:
    numbers = [f"w{index}" for index in range(3 * BLOCK)]
    whole, _ = shingles(pa.array([" ".join(numbers)]))
    assert len(whole) == len(numbers) - 4
    for first in (0, BLOCK - 3, 2 * BLOCK - 1, len(numbers) - 5):
        piece, _ = shingles(pa.array([" ".join(numbers[first : first + 5])]))
        assert piece.tolist() == [whole[first]]


def test_punctuation_width_case_and_invisible_characters_do_not_matter() -> None:
    hashes, starts = shingles(
        pa.array(["Ｗe　like, 中文排版！", "we like 中\u200b文 排版", "WE LIKE — 中文排版。"])
    )
    first = hashes[: starts[1]].tolist()
    assert len(first) == 6
    assert hashes[starts[1] : starts[2]].tolist() == first
    assert hashes[starts[2] :].tolist() == first
