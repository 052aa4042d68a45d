"""The scripts of a text and the look of program text, on real text and against plain Python."""

from __future__ import annotations

import inspect
import re
import tokenize
import unicodedata
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.unicode.script import JAPANESE, SIMPLIFIED, TRADITIONAL, code_marks, script_counts
from tests.pipeline.toy import PEP20

ZEN_AND_LAOZI = Path(__file__).parents[3] / "data" / "zen_and_laozi.txt"
CHARACTERS = st.one_of(
    st.sampled_from("ab9_ é學习図々〇かナｱ한ㄱ。😀\u0301\u200d𠀀豈"), st.characters(exclude_categories=["Cs"])
)


def counts(text: str) -> list[int]:
    return list(script_counts(pa.array([text]))[0].tolist())


def test_scripts_are_counted_by_what_only_one_of_them_has() -> None:
    texts = pa.array(["x", "我们学习汉语", "我們學習漢語", "日月山水", "", "😀们é学", None])
    expected = [[0, 0, 0], [5, 0, 0], [0, 5, 0], [0, 0, 0], [0, 0, 0], [2, 0, 0], [0, 0, 0]]
    assert script_counts(texts)[:, SIMPLIFIED:].tolist() == expected
    assert script_counts(texts[2:4])[:, SIMPLIFIED:].tolist() == expected[2:4]


def test_words_are_runs_of_letters_that_are_no_identifiers() -> None:
    assert counts("The naïve x of utf8 or tidb_mdl_view, don't Ελλάδα") == [0, 0, 0, 6, 0, 0, 0]
    assert counts("中文 and 日本語のテスト 한국어") == [5, 4, 3, 1, 0, 1, 0]
    assert counts("東京駅広場") == [5, 0, 0, 0, 0, 2, 2]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(CHARACTERS, max_size=30), max_size=4))
def test_counts_against_character_names(texts: list[str]) -> None:
    found = script_counts(pa.array(["x", *texts]).slice(1))
    assert found.tolist() == [reference(text) for text in texts]


def reference(text: str) -> list[int]:
    bare = "".join(c for c in text if unicodedata.category(c)[0] != "M" and unicodedata.category(c) != "Cf")
    marked = "".join(_kind(c) for c in bare)
    words = sum(len(run) >= 2 and set(run) == {"w"} for run in re.findall("[w9]+", marked))
    standards = [_standard(c) for c in bare]
    return [
        *(marked.count(kind) for kind in "hkg"),
        words,
        *(standards.count(kind) for kind in (SIMPLIFIED, TRADITIONAL, JAPANESE)),
    ]


def _kind(c: str) -> str:
    name, category = unicodedata.name(c, ""), unicodedata.category(c)
    if category == "Nd" or c == "_":
        return "9"
    if (
        name.startswith(("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH"))
        or c in "々〆〇"
        or "\U00020000" <= c < "\U00032400"
    ):
        return "h"
    if category[0] != "L":
        return " "
    block = {
        "HIRAGANA": "k",
        "KATAKANA": "k",
        "HALFWIDTH KATAKANA": "k",
        "KATAKANA-HIRAGANA": "k",
        "HANGUL": "g",
        "HALFWIDTH HANGUL": "g",
    }
    return next((kind for start, kind in block.items() if name.startswith(start) and ord(c) < 0x10000), "w")


def _standard(c: str) -> int:
    if not "\u4e00" <= c < "\ua000":
        return 0
    simplified, traditional, japanese = (
        c.encode(charset, "ignore") != b"" for charset in ("gb2312", "big5", "shift_jis")
    )
    if simplified or traditional:
        return 0 if simplified and traditional else SIMPLIFIED if simplified else TRADITIONAL
    return JAPANESE if japanese else 0


def test_program_text_has_more_of_its_marks() -> None:
    texts = [
        inspect.getsource(tokenize),
        "\n".join(PEP20),
        ZEN_AND_LAOZI.read_text(encoding="utf-8"),
        "",
        "a b",
    ]
    marks, prose = code_marks(pa.array(texts)).T
    assert marks[0] > 0.5 * prose[0]
    assert (marks[1:] < 0.5 * prose[1:] + 1e-9).all()
    assert (marks[4], prose[4]) == (0, 0.5)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(
            st.one_of(st.sampled_from("ab {}=_; \n学é😀"), st.characters(exclude_categories=["Cs"])),
            max_size=30,
        ),
        max_size=4,
    )
)
def test_marks_against_bytes(texts: list[str]) -> None:
    found = code_marks(pa.array(["x", *texts]).slice(1)).tolist()
    for text, (marks, prose) in zip(texts, found, strict=True):
        data = text.encode()
        visible = max(sum(byte > 32 for byte in data), 1)
        spaces = len(re.findall(rb"(?<=[A-Za-z]) (?=[A-Za-z])", data))
        assert marks == sum(byte in b"(){}[];=_<>" for byte in data) / visible
        assert prose == (spaces + sum(0xE0 <= byte < 0xF0 for byte in data)) / visible
