"""The n-gram index against sets of windows in plain Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.contamination.hash_table import number_hashes
from pipeline.text.contamination.ngram_index import NgramIndex, build_index, least_units
from pipeline.text.similarity.shingles import BLOCK

ITEM = "What is the name of the river that flows through the city of Florence in Tuscany?"
PASSAGE = "豫章故郡，洪都新府。星分翼轸，地接衡庐。襟三江而带五湖，控蛮荆而引瓯越。物华天宝，龙光射牛斗之墟。"
CJK = ("学", "习")
UNITS = st.sampled_from(["aa", "bb", "c", "é", *CJK])
SHORT = "落霞与孤鹜齐飞，秋水共长天一色。"


def index(items: list[str], words: int = 5, characters: int = 8, common: int = 10) -> NgramIndex:
    return build_index(
        pa.array(items, pa.string()), np.zeros(len(items), np.int64), words, characters, common, 0.0
    )


def spans(found: NgramIndex, texts: list[str]) -> list[tuple[int, str] | None]:
    array = pa.array(texts)
    _, data = text_buffers(array)
    hits = found.first_hits(array).tolist()
    return [None if item < 0 else (item, data[first:end].tobytes().decode()) for item, first, end in hits]


def test_the_first_shared_ngram_is_found_and_quoted() -> None:
    found = index([PASSAGE, ITEM])
    texts = [
        "Nothing here.",
        "I asked: name of the RIVER — that flows!",
        "他说：「控蛮荆，而引瓯越物华天宝」。",
        "the name of the sea",
    ]
    assert spans(found, texts) == [None, (1, "name of the RIVER — that"), (0, "控蛮荆，而引瓯越物"), None]


def test_the_length_follows_the_script_of_the_ngram_not_of_the_text() -> None:
    english_page = (
        "The first lines are "
        + PASSAGE[:8]
        + " and so on, in a page that is English otherwise, with many words."
    )
    chinese_page = PASSAGE[30:] + " What is the name of the river? " + PASSAGE[30:]
    assert spans(index([PASSAGE]), [english_page]) == [None]
    assert spans(index([PASSAGE], characters=7), [english_page]) == [(0, PASSAGE[:8])]
    assert spans(index([ITEM]), [chinese_page]) == [(0, "What is the name of")]


@pytest.mark.parametrize(("characters", "expected"), [(20, (0, SHORT[:-1])), (24, None)])
def test_a_short_item_is_matched_as_a_whole_or_not_at_all(
    characters: int, expected: tuple[int, str] | None
) -> None:
    assert least_units(characters) == {20: 13, 24: 15}[characters]
    assert spans(index([SHORT], characters=characters), ["一色。" + SHORT + "渔舟唱晚"]) == [expected]
    assert spans(index([SHORT], characters=characters), ["一色。" + SHORT[:-3] + "渔舟唱晚"]) == [None]


def test_short_items_with_the_same_beginning_are_told_apart() -> None:
    items = ["one two three four five six seven eight", "one two three four five six seven eight nine ten"]
    found = index(items, words=13)
    assert spans(
        found,
        [
            "zero one two three four five six seven eight",
            items[1] + " eleven",
            "one two three four five six seven",
        ],
    ) == [
        (0, items[0]),
        (0, items[0]),
        None,
    ]


def test_ngrams_common_to_many_items_are_templates() -> None:
    items = [f"Choose the correct answer from the following: {word}" for word in ("Arno", "Tiber", "Po")]
    document = ["choose the correct answer from the following"]
    assert spans(index(items, common=2), document) == [None]
    assert spans(index(items, common=3), document) == [(0, "choose the correct answer from")]


TEMPLATE = "choose the correct answer from"


def templates(count: int, of: int) -> list[str]:
    """So many items, of which the first ``count`` begin with the template."""
    return [
        f"{TEMPLATE if number < count else 'tell us in short about'} number {number} of all"
        for number in range(of)
    ]


@pytest.mark.parametrize(("count", "found"), [(3, True), (4, True), (5, False)])
def test_a_template_stands_in_more_than_the_share_of_its_own_group(count: int, found: bool) -> None:
    # The other group is small, so that its bound, 2, is below that of the large one, 4 of 400.
    items = [*templates(count, 400), *templates(0, 9)]
    known = build_index(pa.array(items), np.repeat([0, 1], [400, 9]), 5, 8, 2, 0.01)
    assert (spans(known, [TEMPLATE]) == [(0, TEMPLATE)]) == found


@pytest.mark.parametrize(("count", "found"), [(1, True), (2, True), (3, False)])
def test_a_template_of_a_small_group_stands_in_more_than_the_least_number(count: int, found: bool) -> None:
    items = [*templates(4, 400), *templates(count, 9)]
    known = build_index(pa.array(items), np.repeat([0, 1], [400, 9]), 5, 8, 2, 0.01)
    assert (spans(known, [TEMPLATE]) == [(0, TEMPLATE)]) == found, (
        "one that is common in either group is left out"
    )


@pytest.mark.parametrize(("wide", "plain"), ["０0", "９9", "Ａa", "Ｚz", "ａa", "ｚz"])
def test_the_first_and_the_last_full_width_digits_and_letters_are_folded(wide: str, plain: str) -> None:
    item = "the name of the river{} is"
    assert spans(index([item.format(plain)]), [item.format(wide)]) == [
        (0, item.format(wide).removesuffix(" is"))
    ]


@pytest.mark.parametrize("mark", list("／：＠［｀｛"))
def test_full_width_marks_beside_them_are_no_part_of_a_word(mark: str) -> None:
    assert spans(index(["the name of the river"]), [f"the name of the{mark}river"]) == [
        (0, f"the name of the{mark}river")
    ]


def test_rows_of_single_characters_are_no_ngrams() -> None:
    assert spans(index(["0 1 2 3 4 5 6 7 8 9 a b c d e f"]), ["0 1 2 3 4 5 6 7 8 9"]) == [None]


def test_saved_and_mapped_it_finds_the_same(tmp_path: Path) -> None:
    found = index([PASSAGE, ITEM, SHORT], words=6, characters=20)
    found.save(tmp_path / "index.npy")
    loaded = NgramIndex.load(tmp_path / "index.npy")
    texts = [PASSAGE, ITEM, SHORT, "渔舟唱晚，响穷彭蠡之滨"]
    assert spans(loaded, texts) == spans(found, texts)
    assert loaded.searched.tolist() == found.searched.tolist() == [1, 1, 1]
    assert [None if hit is None else hit[0] for hit in spans(loaded, texts)] == [0, 1, 2, None]


def test_no_items_no_hits() -> None:
    assert spans(index([]), [ITEM, ""]) == [None, None]


def test_hits_at_the_borders_of_blocks() -> None:
    for length in (BLOCK - 9, BLOCK - 3, BLOCK + 2, 2 * BLOCK + 5):
        text = " ".join(f"w{number}" for number in range(length)) + " " + ITEM
        assert spans(index([ITEM], words=13), [text]) == [(0, " ".join(ITEM.split()[:13]))]


def expected_item(items: list[list[str]], document: list[str], words: int, characters: int) -> int | None:
    """The item whose window or whole text begins first in the document, by sets of tuples."""
    known: dict[tuple[str, ...], int] = {}
    for number, item in enumerate(items):
        own: list[tuple[str, ...]] = []
        for size, cjk in ((words, False), (characters, True)):
            windows = [tuple(item[first : first + size]) for first in range(len(item) - size + 1)]
            own += [
                window
                for window in windows
                if (2 * sum(unit in CJK for unit in window) > size) == cjk and long_enough(window)
            ]
        weight = sum(words if unit in CJK else characters for unit in item)
        enough = (
            len(item) >= least_units(min(words, characters))
            and 13 * weight >= 8 * words * characters
            and long_enough(item)
        )
        if not own and enough and len(item) < words + characters:
            own = [tuple(item)]
        for window in own:
            known.setdefault(window, number)
    sizes = [words, characters, *sorted({len(window) for window in known} - {words, characters})]
    for first in range(len(document)):
        for size in sizes:
            if tuple(document[first : first + size]) in known:
                return known[tuple(document[first : first + size])]
    return None


def long_enough(window: list[str] | tuple[str, ...]) -> bool:
    return sum(len(unit.encode()) for unit in window) >= 2 * len(window)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(UNITS, max_size=12), max_size=4), st.lists(UNITS, max_size=40))
def test_against_sets_of_windows(items: list[list[str]], document: list[str]) -> None:
    (hit,) = spans(index([" ".join(item) for item in items], 3, 4, common=100), [" ".join(document)])
    assert (None if hit is None else hit[0]) == expected_item(items, document, 3, 4)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([(2, 3), (5, 8), (13, 20), (20, 13)]))
def test_pieces_of_items_wherever_they_stand(data: st.DataObject, sizes: tuple[int, int]) -> None:
    items = data.draw(st.lists(st.lists(UNITS, max_size=40), min_size=1, max_size=4))
    document: list[str] = []
    for _ in range(data.draw(st.integers(1, 4))):
        item = data.draw(st.sampled_from(items))
        first, length = data.draw(st.integers(0, max(len(item) - 1, 0))), data.draw(st.integers(0, 25))
        document += data.draw(st.lists(UNITS, max_size=9)) + item[first : first + length]
    (hit,) = spans(index([" ".join(item) for item in items], *sizes, common=100), [" ".join(document)])
    assert (None if hit is None else hit[0]) == expected_item(items, document, *sizes)


def test_full_width_letters_and_digits_are_folded_for_the_search_and_quoted_as_they_are() -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in ITEM)
    assert wide.startswith("Ｗｈａｔ　ｉｓ".replace("\u3000", " "))
    assert spans(index([ITEM]), [wide]) == [(0, " ".join(wide.split()[:5]))]
    assert spans(index([wide]), [ITEM.upper()]) == [(0, " ".join(ITEM.upper().split()[:5]))]
    sums = "小明有４８个苹果，给了小红１２个，又买了３５０个梨，还剩多少个水果？"
    narrow = sums.translate({ord(c): ord(c) - 0xFEE0 for c in "４８１２３５０"})
    assert spans(index([sums], words=13, characters=20), [f"题：{narrow}"])[0] is not None


def test_items_that_cannot_be_looked_for_are_known() -> None:
    items = [
        PASSAGE,
        "太短",
        "",
        *(f"Choose the correct answer from the following: {word}" for word in ("Arno", "Tiber", "Po")),
    ]
    found = build_index(pa.array(items), np.array([0, 0, 0, 1, 1, 1]), 5, 8, 2, 0.0)
    assert found.searched.tolist() == [1, 0, 0, 1, 1, 1]
    assert build_index(pa.array(items), np.array([0, 0, 0, 1, 1, 1]), 7, 8, 2, 0.0).searched.tolist() == [
        1,
        0,
        0,
        1,
        1,
        1,
    ]
    assert build_index(
        pa.array(["one two three four five"] * 3), np.zeros(3, np.int64), 5, 8, 2, 0.0
    ).searched.tolist() == [0, 0, 0]


@given(pairs=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 12)), max_size=80))
def test_distinct_hashes_are_numbered_as_they_appear(pairs: list[tuple[int, int]]) -> None:
    pairs.sort(key=lambda pair: pair[0])
    owners = np.array([owner for owner, _ in pairs], np.uint32)
    hashes = np.array([value * 0x9E3779B97F4A7C15 % 2**64 for _, value in pairs], np.uint64)
    number, rows, items = number_hashes(hashes, owners)
    distinct = list(dict.fromkeys(value for _, value in pairs))
    assert number.tolist() == [distinct.index(value) for _, value in pairs]
    assert [pairs[row][1] for row in rows] == distinct
    assert rows.tolist() == [
        next(row for row, pair in enumerate(pairs) if pair[1] == value) for value in distinct
    ]
    assert items.tolist() == [len({owner for owner, other in pairs if other == value}) for value in distinct]
