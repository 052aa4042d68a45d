"""Texts that could be anything, and capitals: unsure rather than wrong."""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path

import pytest

from tests.pipeline.steps.language.test_language_step import ENGLISH, identify, needs_model, verdict

SHARED = Path(__file__).parents[5] / "shared" / "corpus"


@needs_model
@pytest.mark.parametrize(
    "text",
    [
        "目次 概要 方法 結果 考察 結論 参考文献",
        "会社概要",
        "日本国憲法",
        "利用規約 個人情報保護方針",
        "製品情報 企業情報 採用情報",
        "平成三十年度 決算短信",
        "北京大学",
        "上海市人民政府",
    ],
)
def test_han_characters_that_japanese_headings_have_too_are_unsure(text: str) -> None:
    found = identify([text])
    assert found.rejected.column("reason").to_pylist() == ["language_unsure"]
    assert found.rejected.column("detail").to_pylist() == ["und 0"]
    assert found.rejected.column("language").to_pylist() == [None]


@needs_model
@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("欢迎光临", "Hans"),
        ("歡迎光臨", "Hant"),
        ("關於我們", "Hant"),
        ("第一章 总则", "Hans"),
        ("聯絡我們 隱私權政策", "Hant"),
        ("白日依山尽，黄河入海流", "Hans"),
        ("天地玄黄，宇宙洪荒", "Hans"),
        ("你我他", None),
    ],
)
def test_short_chinese_that_no_japanese_writes_is_chinese(text: str, script: str | None) -> None:
    found = identify([text])
    assert found.kept.column("language").to_pylist() == ["zh"]
    assert found.kept.column("script").to_pylist() == [script]


@needs_model
@pytest.mark.parametrize(
    "text", ["OK", "Read more", "See also", "Loading...", "Login", "TODO", "目录", "你好", "404 Not Found"]
)
def test_stubs_of_one_or_two_words_are_unsure(text: str) -> None:
    assert identify([text]).rejected.column("detail").to_pylist() == ["und 0"]


@needs_model
def test_three_words_are_asked_about() -> None:
    assert identify(["No comments yet"]).kept.column("language").to_pylist() == ["en"]


@needs_model
@pytest.mark.parametrize(
    "text", [ENGLISH, "We the People of the United States", "Breaking news: president says no to new taxes"]
)
def test_capitals_are_read_as_small_letters(text: str) -> None:
    (plain, score), (capitals, again) = verdict(text), verdict(text.upper())
    assert (plain, capitals) == ("en", "en")
    assert again > 0.5
    assert again == pytest.approx(score, abs=0.3)


@needs_model
@pytest.mark.skipif(not SHARED.exists(), reason="the development corpus is not beside the checkout")
def test_articles_in_capitals_are_english_or_unsure() -> None:
    with gzip.open(SHARED / "en.jsonl.gz") as file:
        texts = [json.loads(line)["text"].upper() for line in islice(file, 150)]
    found = identify(texts)
    assert found.kept.num_rows >= 148
    assert set(found.rejected.column("reason").to_pylist()) <= {"language_unsure"}


@needs_model
@pytest.mark.skipif(not SHARED.exists(), reason="the development corpus is not beside the checkout")
def test_schedules_and_specifications_are_english() -> None:
    wanted = ("peps/pep-0537.rst", "peps/pep-0663.rst")
    with gzip.open(SHARED / "en.jsonl.gz") as file:
        texts = [record["text"] for record in map(json.loads, file) if record["id"].endswith(wanted)]
    assert identify(texts).kept.column("language").to_pylist() == ["en", "en"]
