"""Repair: only what is broken is touched, and NFC is what Python's Unicode database says it is."""

from __future__ import annotations

import sys
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.repair import _MAYBE_NOT_NFC, repair


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe")), max_size=5))
def test_nfc_is_pythons(texts: list[str]) -> None:
    repaired, counts = repair(pa.array(texts, pa.string()), mojibake=False)
    expected = [unicodedata.normalize("NFC", text) for text in texts]
    assert repaired.to_pylist() == expected
    assert counts.get("repaired/nfc", 0) == sum(text != wanted for text, wanted in zip(texts, expected, strict=True))


def test_no_character_that_nfc_may_change_is_overlooked() -> None:
    characters = [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]
    looked_at = pc.match_substring_regex(pa.array(characters), _MAYBE_NOT_NFC).to_pylist()
    may_change = [not unicodedata.is_normalized("NFC", one) or unicodedata.combining(one) != 0 for one in characters]
    assert [one for one, looked, may in zip(characters, looked_at, may_change, strict=True) if may and not looked] == []


def test_honest_text_is_the_same_array() -> None:
    texts = pa.array(["Être ou ne pas être, voilà la question: Ça va? £5 ©2020", "学而时习之，不亦说乎？", "naïve 😀\tand\nlines"])
    repaired, counts = repair(texts)
    assert repaired.equals(texts)
    assert counts == {}


def test_nothing_in_nothing_out() -> None:
    repaired, counts = repair(pa.array([], pa.string()))
    assert (repaired.to_pylist(), counts) == ([], {})
