"""What stands on both sides of the ends of full lines, and of their middles."""

from __future__ import annotations

import re

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.quality_signals.line_borders import BEFORE, BEHIND, MOST, LineBorders, line_borders

LINES = st.lists(st.text("ab cd,.\tX中文，é😀-", max_size=90), max_size=12).map("\n".join)


def borders(*texts: str) -> LineBorders:
    return line_borders(text_buffers(pa.array(texts, pa.large_string())))


def pairs(text: str, inside: bool) -> list[tuple[str, str]]:
    found = borders(text)
    return [
        (before.as_py(), behind.as_py())
        for before, behind, within in zip(found.before, found.behind, found.inside, strict=True)
        if within == inside
    ]


def test_english_pieces_are_joined_by_a_space() -> None:
    text = (
        "This is a text that was wrapped\nat a width of thirty and two\ncharacters. It goes on and on\nagain"
    )
    assert pairs(text, inside=False) == [
        ("This is a text that was wrapped", " at a width of thirty and two"),
        ("at a width of thirty and two", " characters. It goes on and on"),
        ("characters. It goes on and on", " again"),
    ]
    assert pairs(text, inside=True) == [
        ("at a width of thirty", " and two"),
        ("characters. It", " goes on and on"),
    ]


def test_justified_lines_have_one_space_between_words_and_hyphens_end_no_line() -> None:
    text = "the  width  of  a  line\nis what   it is by spaces\nand words that are hyphen-\nated are torn by a re‐\nal typesetter who does it"
    assert pairs(text, inside=False) == [
        ("the width of a line", " is what it is by spaces"),
        ("is what it is by spaces", " and words that are hyphen-"),
    ]


def test_chinese_pieces_are_joined_by_nothing() -> None:
    text = "今天天气很好我们一\n起去公园散步看到了\n很多花"
    assert pairs(text, inside=False) == [
        ("今天天气很好我们一", "起去公园散步看到了"),
        ("起去公园散步看到了", "很多花"),
    ]
    assert pairs(text, inside=True)[0] == ("起去公园散", "步看到了")


def test_paragraphs_short_lines_marks_and_items_are_no_borders() -> None:
    full = "a line that is as long as the others are"
    assert not len(borders(f"{full}\n\n{full}\n- {full}\n1. {full}\n* short\n{full}\n").before)
    assert not len(borders("春眠不觉晓，\n处处闻啼鸟。\n夜来风雨声，\n花落知多少。").before)


def test_where_lower_case_or_chinese_follows_a_sentence_may_go_on() -> None:
    found = borders("a line of words here\nthat goes on and on a\nThen one does not do\n中文的一行字在这里的")
    assert found.goes_on[~found.inside].tolist() == [True, False, True]


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=4))
def test_pieces_are_valid_text_of_their_document(texts: list[str]) -> None:
    found = borders("x", *texts, "y")
    found.before.validate(full=True)
    found.behind.validate(full=True)
    assert (found.document[1:] >= found.document[:-1]).all()
    for before, behind, row in zip(found.before, found.behind, found.document, strict=True):
        text = re.sub(" +", " ", ["x", *texts, "y"][row])
        assert before.as_py() in text
        assert behind.as_py().lstrip(" ") in text
        assert 0 < len(before.as_py().encode()) <= BEFORE
        assert 0 < len(behind.as_py().encode()) <= BEHIND + 1


def test_no_more_than_the_first_lines_are_looked_at() -> None:
    assert (~borders("a line of some words\n" * 500).inside).sum() == MOST
