"""What a text had in the place of its placeholders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.report.replaced_data import Replaced, replaced


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("write to a@b.cn today", "write to <EMAIL> today", [("a@b.cn", "<EMAIL>", 9)]),
        ("a@b.cn", "<EMAIL>", [("a@b.cn", "<EMAIL>", 0)]),
        ("信：a@b.cn。", "信：<EMAIL>。", [("a@b.cn", "<EMAIL>", 2)]),
        ("<a@b.cn> wrote", "<<EMAIL>> wrote", [("a@b.cn", "<EMAIL>", 1)]),
        ("to a@b.cn and 13812345678", "to <EMAIL:3fa9> and <PHONE_CN>", [("a@b.cn", "<EMAIL:3fa9>", 3), ("13812345678", "<PHONE_CN>", 20)]),
        ("say <EMAIL> or a@b.cn now", "say <EMAIL> or <EMAIL> now", [("a@b.cn", "<EMAIL>", 15)]),
        ("call a@b.cn 13812345678 now", "call <EMAIL> <PHONE> now", []),
        ("call a@b.cn13812345678 now", "call <EMAIL><PHONE> now", [("a@b.cn13812345678", "<EMAIL><PHONE>", 5)]),
        ("to a@b.cn today", "to  today", [("a@b.cn", "", 3)]),
        ("nothing", "nothing", []),
        ("", "", []),
        ("short", "short and more", []),
        ("one thing", "quite another", []),
    ],
)  # fmt: skip
def test_replacements(old: str, new: str, found: list[tuple[str, str, int]]) -> None:
    assert list(replaced(old, new)) == [Replaced(*one) for one in found]


WORDS = st.text("abcdefgh \n中文，。", min_size=30, max_size=60)
VALUES = st.text("0123456789@.-", min_size=1, max_size=5000)


@given(st.lists(st.tuples(WORDS, VALUES), max_size=5), WORDS)
def test_values_between_words_of_another_alphabet_are_found(pairs: list[tuple[str, str]], end: str) -> None:
    old = "".join(word + value for word, value in pairs) + end
    new = "".join(f"{word}<URL>" for word, _ in pairs) + end
    assert [one.value for one in replaced(old, new)] == [value for _, value in pairs]


@given(st.text("ab<URL>@", max_size=40), st.text("ab<URL>@", max_size=40))
def test_any_two_texts_come_to_an_end(old: str, new: str) -> None:
    places = [one.place for one in replaced(old, new)]
    assert places == sorted(places)
