"""What a command shows of text that was made to be carried out by a terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.errors import UserError, shown
from manifests.output import complain, printable, say

HOSTILE = {
    "a title": ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
    "one character that begins an escape": ("\x9b31m", r"\u009b31m"),
    "the line again": ("name\rerror: none", r"name\x0derror: none"),
    "backspaces": ("evil\x08\x08\x08\x08good", r"evil\x08\x08\x08\x08good"),
    "another direction": ("photo\u202egnp.exe", r"photo\u202egnp.exe"),
    "an isolate": ("\u2066a\u2069", r"\u2066a\u2069"),
    "a line separator": ("a\u2028b", r"a\u2028b"),
    "deletion": ("a\x7f", r"a\u007f"),
    "a byte that is no UTF-8": ("a\udcff", r"a\udcff"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_controls_are_shown_and_not_carried_out(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    hostile, written = HOSTILE[name]
    say(hostile)
    complain(f"error: {hostile}")
    assert capsys.readouterr() == (f"{written}\n", f"error: {written}\n")


def test_text_of_any_language_is_left_alone() -> None:
    text = "道可道\t非常道\n«naïve» ≤ 😀👩‍👩‍👧 ﷽ שלום مرحبا नमस्ते\u200d"
    assert printable(text) == text


@given(st.text())
def test_json_means_the_same_and_nothing_is_left_to_carry_out(text: str) -> None:
    written = printable(json.dumps(text, ensure_ascii=False))
    assert json.loads(written) == text
    assert not any(ord(one) < 32 or 127 <= ord(one) < 160 or "\u202a" <= one <= "\u202e" for one in written)
    assert printable(written) == written


def test_a_name_makes_no_line_of_its_own() -> None:
    error = UserError("cannot be read", where="a\nerror: all is well", fix="rename it")
    assert shown(error) == "error: a\\nerror: all is well: cannot be read; rename it"
    assert shown(UserError("a\rb\x85c\u2028d")).count("error: ") == 1
