"""The measure of extracted text: by hand on two pages, and on the gold pages at what we promise."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.html_extraction import article_f1, half_of, quality, read_gold, trafilatura

GOLD = Path(__file__).parents[3] / "shared" / "gold" / "html.jsonl.gz"
PAGE = b"""<html><head><title>The Zen</title></head><body><nav><a href=/>Home page</a></nav>
<p>Beautiful is better than ugly, and explicit is better than implicit.</p>
<p>Simple is better
   than complex, complex is better than complicated.</p></body></html>"""


def test_snippets_are_counted_without_their_white_space() -> None:
    page = {
        "html": PAGE,
        "wanted": ["betterthan complex", "Beautiful is", "Flat is better"],
        "unwanted": ["Home page", "is better than ugly"],
    }
    found = quality([page])
    assert {name: found["snippets"][name] for name in ("wanted", "unwanted", "f1")} == {
        "wanted": pytest.approx(2 / 3),
        "unwanted": 0.5,
        "f1": pytest.approx(4 / (4 + 1 + 1)),
    }
    assert found["article"]["f1"] == 0.0
    assert (found["snippets"]["trafilatura_f1"] is None) == (trafilatura() is None)


def test_articles_are_compared_by_shingles_of_four_words() -> None:
    article = "Beautiful is better than ugly, and explicit is better than implicit."
    # 8 shingles of 11 words; 18 of the page's 21.
    assert quality([{"html": PAGE, "article": article}])["article"]["f1"] == pytest.approx(2 * 8 / (8 + 18))
    assert article_f1("one two", "one two") == 1.0
    assert article_f1("one two three four five", "one two three four six") == 0.5
    assert article_f1("one", "") == 0.0


@given(st.text("ab ", max_size=30), st.text("ab ", max_size=30))
def test_the_measure_of_articles_is_symmetric_and_between_0_and_1(one: str, other: str) -> None:
    assert 0 <= article_f1(one, other) == article_f1(other, one) <= 1
    assert article_f1(one, one) == 1


@pytest.mark.skipif(not GOLD.exists(), reason="the gold pages are not beside the checkout")
def test_gold_pages_reach_what_we_promise_on_either_half() -> None:
    gold = read_gold(GOLD)
    assert len(gold) == 409
    for half in (0, 1):
        found = quality([page for page in gold if half_of(page) == half])
        assert (found["snippets"]["f1"] or 0) >= 0.94
        assert (found["article"]["f1"] or 0) >= 0.955
