"""What the report shows of texts, with a scrubber and without."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from manifests.report.page import render
from manifests.report.scrubbing import HIDDEN, beginnings, hidden
from pipeline.steps.privacy.shown_texts import shown
from tests.manifests.small_run import ANALECTS, ZEN, build_corpus


def test_snippets_are_cut_after_two_hundred_characters_of_what_was_scrubbed() -> None:
    texts = pa.array(["".join(ANALECTS) * 3, "x " * 97 + "tim.peters@python.example", None])
    found = beginnings(texts, 200, shown).to_pylist()
    assert found == [("".join(ANALECTS) * 3)[:200], "x " * 97 + "<EMAIL", None]


def test_without_a_scrubber_no_text_is_shown(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    page, with_texts = render(tmp_path, hidden), render(tmp_path, shown)
    assert not any(text in page for text in (*ZEN[5:], "张三"))
    assert all(text in with_texts for text in (*ZEN[5:], "张三"))
    assert HIDDEN in page
