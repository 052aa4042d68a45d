"""Addresses of one page have one form, and pages with one address are compared."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from manifests.schema.dedup import DedupSettings
from pipeline.steps.dedup.canonical_url import NO_URL, canonical_urls, url_keys
from tests.pipeline.steps.dedup.finished import finish
from tests.pipeline.steps.dedup.test_dedup_step import GETTYSBURG, ORIGIN

SAME = {
    "example.org": [
        "http://example.org", "https://example.org/", "HTTP://WWW.Example.ORG", "http://example.org:80/", "//example.org",
        "https://user:word@example.org:443/#top", " http://m.example.org/index.html ", "http://example.org/?utm_source=x",
        "http://example.org:/", "http://example.org/default.aspx",
    ],
    "example.org/a/B.html": [
        "https://example.org/a/B.html", "http://www.example.org/a/B.html#part", "http://example.org/a/B.html?fbclid=1&gclid=2",
    ],
    "example.org/a": ["http://example.org/a/", "http://example.org/a//", "http://example.org/a/index.php"],
    "example.org:8080/a": ["http://example.org:8080/a"],
    "example.org/s?a=1&b=2": [
        "http://example.org/s?a=1&b=2", "http://example.org/s?b=2&a=1", "http://example.org/s?b=2&utm_medium=m&a=1&b=2",
        "http://example.org/s/?PHPSESSID=77&b=2&&a=1",
    ],
    "新闻.中国/文章?页=2": ["http://新闻.中国/文章?页=2", "https://www.新闻.中国/文章/?页=2#正文"],
}  # fmt: skip
NONE = [
    None,
    "",
    "example.org",
    "ftp://example.org/a",
    "mailto:a@example.org",
    "file:///etc",
    "http://",
    "/a/b",
]


def test_addresses_of_one_page_have_one_form() -> None:
    given = [url for urls in SAME.values() for url in urls]
    expected = [form for form, urls in SAME.items() for _ in urls]
    assert canonical_urls(pa.array(given)).to_pylist() == expected
    keys = url_keys(pa.array(given)).tolist()
    assert len(set(keys)) == len(SAME)
    assert [keys[given.index(urls[0])] for urls in SAME.values() for _ in urls] == keys


def test_what_is_no_address_of_the_web_has_no_key() -> None:
    assert canonical_urls(pa.array(NONE)).to_pylist() == [None] * len(NONE)
    assert url_keys(pa.array(NONE)).tolist() == [NO_URL] * len(NONE)
    assert url_keys(pa.array([], pa.string())).tolist() == []


PAGE = "http://example.org/page"
BLIND = DedupSettings(bands=1, rows=120, paragraphs=False)
"""An LSH that finds nothing but equal texts."""


@pytest.mark.parametrize(
    ("other", "found"), [("https://www.example.org/page/?utm_id=3#x", True), (f"{PAGE}2", False)]
)
def test_similar_pages_of_one_address_are_found_where_no_band_is_shared(
    tmp_path: Path, other: str, found: bool
) -> None:
    rows = [
        {"id": "a", "text": GETTYSBURG, "url": PAGE},
        {"id": "b", "text": f"{GETTYSBURG} So it was said.", "url": other},
    ]
    assert (
        "near_duplicate" in {reason for reason, _ in finish(tmp_path, rows, BLIND).rejected.values()}
    ) == found


def test_pages_of_one_address_that_are_not_similar_stay(tmp_path: Path) -> None:
    rows = [
        {"id": name, "text": text, "url": PAGE}
        for name, text in (("a", GETTYSBURG), ("b", ORIGIN), ("c", "…"), ("d", "—"))
    ]
    assert set(finish(tmp_path, rows).texts) == {"a", "b", "c", "d"}
