"""Pieces of long texts: nothing is lost, none is too long, and each ends at the best place there is."""

from __future__ import annotations

import inspect
import json
import tokenize
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from manifests.schema.sources import LEAST_MAX_WORDS
from pipeline.text.quality_signals.signals import measure
from pipeline.text.splitting.long_texts import may_be_long, split
from tests.pipeline.at_hand import chapters, manuals, needs_texts

UNITS = st.sampled_from(
    [
        *("word ", "don't ", "x", "1,000 ", "-- ", "。", "，", "“", "”", "！", "……", "中", "文字", "か\u3099", "カー"),
        *("é", "e\u0301 ", "葛\U000e0100", "👩\u200d👩\u200d👧 ", "\ufeff", ". ", "? ", "\n", "\n\n", "\r\n", "\n    ", "\n\u3000\u3000"),
        *("\n```\n", "\n~~~~\n", "\n# Title\n\n", "\n===\n", "\nChapter 2\n\n", "\n第三回 风雪\n", "\n- item\n", "\nQ: what?\n", "\nA: that.\n"),
    ]
)  # fmt: skip
TEXTS = st.lists(
    st.tuples(st.lists(UNITS, min_size=1, max_size=12).map("".join), st.integers(1, 120)).map(
        lambda run: run[0] * run[1]
    ),
    min_size=1,
    max_size=6,
).map("".join)


def cut(text: str, most: int = LEAST_MAX_WORDS, prose: bool = True) -> list[str]:
    """The pieces, which have been checked for what is always so."""
    texts = pa.array(["before", text, "behind"])
    pieces, owner = split(texts, np.array([False, True, False]), most, prose)
    pieces.validate(full=True)
    assert owner.tolist() == [0, *[1] * (len(pieces) - 2), 2]
    found = pieces.to_pylist()
    assert (found[0], found[-1]) == ("before", "behind")
    check(text, found[1:-1], most)
    return found[1:-1]


def check(text: str, pieces: list[str], most: int) -> None:
    words, (whole,) = (measure(pa.array(some))["words"].astype(int).tolist() for some in (pieces, [text]))
    assert "".join(pieces) == text
    assert max(words) <= most
    assert sum(words) == whole, "no word is parted"
    assert len(pieces) > 1 or whole <= most
    assert len(pieces) == 1 or min(words) >= 3 * most // 8 - 1, "none is a scrap"


@given(TEXTS, st.integers(LEAST_MAX_WORDS, 3 * LEAST_MAX_WORDS), st.booleans())
def test_pieces_are_the_text_and_none_has_too_many_words(text: str, most: int, prose: bool) -> None:
    pieces = cut(text, most, prose)
    (long,) = may_be_long(pa.array([text]), most)
    assert long or len(pieces) == 1, "a text that is not looked at has no more words"


@given(st.text(min_size=1, max_size=40), st.integers(1, 400))
@example("ㇰ\U00040000", 51).via("a code point that stands for code is a letter to the signals")
def test_any_characters_are_cut_without_loss(text: str, times: int) -> None:
    cut(text * times)


def modules(*some: ModuleType) -> list[str]:
    return [inspect.getsource(module) for module in some]


@needs_texts
@pytest.mark.parametrize("most", [100, 1000, 20_000, 100_000])
def test_a_novel_is_cut_between_its_chapters_where_they_are_short_enough(most: int) -> None:
    novel = "\n".join(chapters())
    pieces = cut(novel, most)
    starts = [novel.index(chapter[:30]) for chapter in chapters()]
    places = np.cumsum([len(piece) for piece in pieces])[:-1].tolist()
    assert len(pieces) >= len(novel) // (most * 2)
    if most >= 20_000:
        assert set(places) <= set(starts)
    if most == 1000:
        ends = [piece.rstrip(" \n\t”’")[-1] in "。！？；" for piece in pieces[:-1]]
        assert sum(ends) >= len(ends) - 2, "of two paragraphs the end has no mark"


@needs_texts
def test_a_line_of_chinese_without_an_end_is_cut_at_sentences_and_else_between_characters() -> None:
    line = "".join("".join(chapters()[:12]).split())
    assert all(piece[-1] in "。！？；”’：" for piece in cut(line, 1000)[:-1])
    bare = "".join(character for character in line if "\u4e00" <= character <= "\u9fff")
    assert {len(piece) // 250 for piece in cut(bare, 1000)[:-2]} == {3}


@needs_texts
@pytest.mark.parametrize("most", [100, 2000])
def test_manuals_are_cut_outside_of_their_code(most: int) -> None:
    for manual in manuals()[::40]:
        pieces = cut(manual, most)
        assert most < 2000 or all(piece.endswith("\n") for piece in pieces[:-1])


def test_program_text_is_cut_at_blank_lines_best_between_functions() -> None:
    for module in modules(inspect, json, tokenize):
        pieces = cut(module, 1000, prose=False)
        assert all(piece.endswith("\n\n") for piece in pieces[:-1])
        assert sum(piece[0] not in " \n\t" for piece in pieces[1:]) >= 0.5 * (len(pieces) - 1)


def test_one_enormous_word_is_no_reason_to_cut() -> None:
    assert cut("x" * 100_000) == ["x" * 100_000]
    assert cut("x" * 100_000 + " y" * 50) == ["x" * 100_000 + " y" * 50]
    assert cut("=" * 100_000 + " y" * 150)[0].startswith("=")


@pytest.mark.parametrize("prose", [True, False])
def test_a_text_of_just_so_many_words_is_whole_and_one_of_a_word_more_is_two(prose: bool) -> None:
    for unit, number in (("word ", 100), ("字", 100), ("word ", 333), ("か", 333)):
        assert len(cut(unit * number, number, prose)) == 1
        assert len(cut(unit * (number + 1), number, prose)) == 2


def test_no_text_ends_in_a_scrap() -> None:
    assert [len(piece) for piece in cut("字" * 101)] == [62, 39]
    assert [len(piece) for piece in cut("字" * 149)] == [86, 63]
    assert [len(piece) for piece in cut("字" * 150)] == [100, 50]
    assert [len(piece) for piece in cut("字" * 1000)] == [100] * 10


def filler(words: int) -> str:
    return " ".join(["word"] * words)


BEST_FIRST = {
    "a chapter": "\n\n第二章 出门\n\n",
    "a blank line": "\n\n",
    "a paragraph": " end.\n",
    "a line": "\nNext ",
    "a sentence": " end. ",
    "words": " ",
}


@pytest.mark.parametrize("better", range(len(BEST_FIRST) - 1))
def test_the_best_border_in_the_last_quarter_is_taken_and_of_these_the_last(better: int) -> None:
    marks = list(BEST_FIRST.values())
    good, worse = marks[better], marks[better + 1]
    text = filler(77) + good + filler(6) + good + filler(5) + worse + filler(300)
    first = cut(text)[0]
    assert len(text[: len(first)].split()) in range(83, 88), list(BEST_FIRST)[better]
    assert text[len(first) :].lstrip().startswith(good.strip(" .end\n") or "word")
    early = cut(filler(60) + good + filler(30) + worse + filler(300))[0]
    assert len(early.split()) > 75, "what lies before the last quarter does not count"


@pytest.mark.parametrize("mark", ["```", "~~~", "````"])
def test_a_code_fence_is_entered_only_where_there_is_no_other_place(mark: str) -> None:
    fence = f"{mark}\ncall\n\nother\n\n## comment\n\n{filler(12)}\n{mark}\n\n"
    for words in range(60, 100):
        first = cut(f"{filler(words)}\n\n{fence}{filler(300)}")[0]
        assert first.count(mark) in (0, 2), words
        assert not first.endswith(filler(2) + " ") or words > 80, "it is cut before or behind the fence"


def test_a_fence_longer_than_a_piece_is_cut_at_blank_lines_then_lines() -> None:
    body = "".join(f"call {number} of many\n" + "\n" * (number % 10 == 9) for number in range(300))
    pieces = cut(f"```\n{body}```\n")
    assert all(piece.endswith("\n\n") for piece in pieces[:-1])
    lines = "".join(f"call {number} of many\n" for number in range(300))
    assert all(piece.endswith("many\n") for piece in cut(f"```\n{lines}```\n")[:-1])


@pytest.mark.parametrize(
    ("held", "behind"),
    [
        ("\n\n- one thing\n  that goes on\n\n  and on\n\n", "An end"),
        ("\n\nA title\n=======\n\nIts paragraph. ", "A title"),
        ("\n\n## A title\n\nIts paragraph. ", "## A title"),
        ("\n\n第三回 风雪山神庙\n\nIts paragraph. ", "第三回"),
        ("\n\nBOOK TWO\n\nCHAPTER I\n\nIts paragraph. ", "BOOK TWO"),
        ("\n\nQ: Why not?\n\nA: For this reason. ", "Q: Why not?"),
    ],
)
def test_what_belongs_to_the_line_above_stays_with_it(held: str, behind: str) -> None:
    text = f"{filler(78)} end.{held}{behind if behind == 'An end' else ''} {filler(300)}"
    assert cut(text)[1].startswith(behind)


def test_a_title_never_ends_a_piece() -> None:
    for words in range(50, 100):
        for title in ("第三回 风雪山神庙", "CHAPTER I", "BOOK TWO\n\nCHAPTER I", "# One", "One\n==="):
            first = cut(f"{filler(words)} end.\n\n{title}\n\n{filler(5)}. {filler(5)}.\n\n{filler(300)}")[0]
            assert not first.rstrip().endswith(title), (words, title)


@pytest.mark.parametrize(
    ("unit", "first"),
    [
        ("他说：“好。”", "他"),
        ("か\u3099き", "かき"),
        ("葛\U000e0100城", "葛城"),
        ("カード", "カド"),
        ("（一）", "（"),
        ("中，文", "文中"),
    ],
)
def test_a_mark_stays_with_its_character(unit: str, first: str) -> None:
    for shift in range(len(unit)):
        text = "字" * shift + unit * 200
        assert all(piece[0] in first for piece in cut(text)[1:])


def test_texts_of_a_slice_are_cut_in_place() -> None:
    texts = pa.array(["a" * 7, filler(10), "字" * 250, "", filler(250), "b"]).slice(1, 4)
    chosen = may_be_long(texts, 100)
    assert chosen.tolist() == [False, True, False, True]
    pieces, owner = split(texts, chosen, 100, True)
    assert owner.tolist() == [0, 1, 1, 1, 2, 3, 3, 3]
    assert "".join(pieces.to_pylist()) == "".join(texts.to_pylist())
    assert pieces.buffers()[2].address == texts.buffers()[2].address


@needs_texts
def test_copies_of_a_book_that_begin_differently_are_soon_cut_at_the_same_places() -> None:
    book, preface = "\n".join(chapters()), "\n".join(chapters()[:3])
    pieces = [set(cut(text, 5000)) for text in (book, preface + book)]
    assert len(pieces[0] & pieces[1]) >= 0.9 * len(pieces[0])
