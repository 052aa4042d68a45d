"""The report's section of judged rules."""

from __future__ import annotations

import json
from pathlib import Path

from manifests.report import write_report
from tests.manifests.small_run import build_corpus
from tests.manifests.test_report import rows


def test_rules_that_were_judged_are_shown_with_the_good_text_that_they_drop(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    rules = {
        "few_han": {
            "trusted_loss": 0.05,
            "junk_caught": 0.4,
            "sources": {"lunyu": 0.1, "pep20": 0.004},
            "junk": {"zh": {"menus": 0.8}},
            "examples": {"lunyu": [{"id": "lunyu:7", "text": "<b>温故而知新</b>"}]},
        },
        "idle": {"trusted_loss": 0.0, "junk_caught": 0.0, "sources": {}, "junk": {}, "examples": {}},
    }
    report = {
        "documents": {"lunyu": 500, "pep20": 1234, "junk.zh.menus": 200},
        "trusted_loss": {"lunyu": 0.1, "pep20": 0.004},
        "junk_caught": {"en": {"link_spam": 1.0}, "zh": {"menus": 0.8, "link_spam": 0.995}},
        "rules": rules,
    }
    (tmp_path / "quality-report.json").write_text(json.dumps(report), encoding="utf-8")
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert rows(page, "rules") == [
        ["lunyu", "500", "10.0 %", ""],
        ["pep20", "1,234", "0.4 %", ""],
        ["link spam", "100.0 %", "", "99.5 %", ""],
        ["menus", "–", "", "80.0 %", ""],
        ["few_han", "5.0 %", "10.0 %", "lunyu", "40.0 %", ""],
    ]
    assert "&lt;b&gt;温故而知新&lt;/b&gt;" in page
    assert '<a href="#rules">' in page
