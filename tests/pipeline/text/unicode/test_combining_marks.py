"""Runs of combining marks: normalised in time that grows with them, and the same text where they are short."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.unicode.combining_marks import JOINER, MOST_MARKS, stream_safe
from pipeline.text.unicode.repair import repair

UNITS = {
    "one mark": "\u0301",
    "two in the wrong order": "\u0301\u0323",
    "Tibetan vowels in the wrong order": "\u0f72\u0f71",
    "a mark that becomes two": "\u0344",
    "Hebrew points": "\u05c2\u05b0\u05bc",
    "marks beyond 16 bits": "\U0001d165\U0001d16d",
    "all classes, from the last": "\u0345\u0315\u0301\u0323\u0327\u0334",
}
MARKS = "".join(UNITS.values())


def longest_run(text: str) -> int:
    """Of characters that normalisation sorts."""
    longest = run = 0
    for character in unicodedata.normalize("NFD", text):
        run = run + 1 if unicodedata.combining(character) else 0
        longest = max(longest, run)
    return longest


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("size", [10_000, 20_000, 40_000])
def test_no_run_is_longer_than_the_stream_safe_format_allows(unit: str, size: int) -> None:
    """100,000 marks in the wrong order took minutes: each was compared with those before it."""
    marks = UNITS[unit]
    text = "a" + marks * (size // len(marks)) + "b"
    found = repair(pa.array([text])).texts[0].as_py()
    assert longest_run(found) <= 2 * MOST_MARKS
    assert found.replace(JOINER, "").count("b") == 1
    assert len(found) <= len(text) * 2 + len(text) // MOST_MARKS + 1


@given(st.text(st.sampled_from("ab" + MARKS), max_size=MOST_MARKS))
def test_a_text_with_fewer_marks_is_left_alone(text: str) -> None:
    assert stream_safe(text) == text


@given(st.text(st.sampled_from("a" + MARKS), max_size=200))
def test_nothing_but_joiners_is_added(text: str) -> None:
    found = stream_safe(text)
    assert found.replace(JOINER, "") == text
    assert longest_run(found) <= 2 * MOST_MARKS
    assert stream_safe(found) == found
