"""The report's section of judged rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from manifests.report import write_report
from pipeline.steps.privacy.shown_texts import shown as scrub
from tests.manifests.small_run import JUDGEMENT, build_corpus
from tests.manifests.test_report import rows


def judged_page(run: Path, **other: object) -> str:
    build_corpus(run)
    (run / "quality-report.json").write_text(json.dumps(JUDGEMENT | other), encoding="utf-8")
    return write_report(run, scrub).read_text(encoding="utf-8")


@pytest.fixture
def page(tmp_path: Path) -> str:
    return judged_page(tmp_path)


def test_trusted_text_is_told_by_source_and_genre_and_by_rule_and_source(page: str) -> None:
    assert rows(page, "rules")[2:] == [
        ["lunyu", "500", "10.0 %", "", "8.0 %", "25.0 %"],
        ["pep20", "1,234", "0.4 %", "", "0.4 %", "–"],
        ["link spam", "100.0 %", "", "99.5 %", ""],
        ["menus", "–", "", "80.0 %", ""],
        ["few_han", "40.0 %", "", "5.0 %", "10.0 %", "0.4 %"],
    ]
    assert '<td class="number much">10.0 %</td>' in page


def test_good_text_that_a_rule_drops_is_shown(page: str) -> None:
    assert "Rules that drop more than 2.0 % of a trusted source" in page
    assert "&lt;b&gt;温故而知新&lt;/b&gt;" in page
    assert '<a href="#rules">' in page


def test_a_report_that_tells_no_genres_has_no_columns_of_them(tmp_path: Path) -> None:
    page = judged_page(tmp_path, trusted_loss_by_genre={})
    assert rows(page, "rules")[2] == ["lunyu", "500", "10.0 %", ""]
