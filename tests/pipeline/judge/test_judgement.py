"""What is said of rules: shares, of whom, and the documents shown."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.judge.judgement import judged
from pipeline.judge.junk_sources import junk_collections, junk_kind
from pipeline.judge.signal_power import signal_power
from tests.pipeline.at_hand import chapters, needs_texts
from tests.pipeline.judge.documents import measured, rule

GOOD = ["book"] * 50 + ["news"] * 10
BAD = ["junk.en.menus"] * 4 + ["junk.zh.adult"] * 4
WORDS = [*range(50), *([5.0] * 10), 1, 2, 30, 40, 1, 2, 3, 99]


def test_every_rule_is_judged_by_itself_among_the_documents_in_its_languages() -> None:
    languages = ["en"] * 60 + ["en"] * 4 + ["zh"] * 4
    documents = measured([*GOOD, *BAD], languages, {"words": WORDS})
    rules = [
        rule("few", "words", min=2),
        rule("fewer", "words", ("en", "zh"), min=1),
        rule("many", "words", max=48),
    ]
    report = judged(documents, rules, ["book", "news"])
    assert report["documents"] == {"book": 50, "news": 10, "junk.en.menus": 4, "junk.zh.adult": 4}
    assert report["trusted_loss"] == {"book": 0.06, "news": 0.0}
    assert report["trusted_loss_by_language"] == {"book": {"en": 0.06}, "news": {"en": 0.0}}
    assert report["junk_caught"] == {"en": {"menus": 0.25}, "zh": {"adult": 0.0}}
    few = report["rules"]["few"]
    assert (few["trusted_loss"], few["junk_caught"]) == (round(2 / 60, 4), 0.25)
    assert (few["sources"], few["junk"]) == ({"book": 0.04}, {"en": {"menus": 0.25}})
    assert report["rules"]["fewer"]["junk_caught"] == 0.0


def test_examples_are_the_first_the_middle_and_the_last_of_a_source_that_loses_much() -> None:
    documents = measured([*GOOD, *BAD], ["en"] * 68, {"words": WORDS})
    report = judged(documents, [rule("few", "words", min=5), rule("one", "words", min=1)], ["book", "news"])
    assert [one["id"] for one in report["rules"]["few"]["examples"]["book"]] == ["d0", "d2", "d4"]
    assert report["rules"]["few"]["examples"]["book"][1]["text"] == "the text of document 2"
    assert report["rules"]["one"]["sources"] == {"book": 0.02}
    assert report["rules"]["one"]["examples"] == {}, "two in a hundred are borne"


def test_what_a_step_before_rejects_counts_as_dropped() -> None:
    documents = measured(GOOD + BAD, ["en"] * 68, {"words": WORDS}, {59: "language/language_unsure"})
    report = judged(documents, [rule("few", "words", min=0)], ["book", "news"])
    assert report["trusted_loss"] == {"book": 0.0, "news": 0.1}
    assert report["rules"]["language/language_unsure"]["sources"] == {"news": 0.1}
    assert list(report["rules"]) == ["language/language_unsure", "few"]


def test_rules_of_one_name_are_one() -> None:
    documents = measured(GOOD + BAD, ["en"] * 60 + ["zh"] * 8, {"words": WORDS})
    rules = [rule("few", "words", ("en",), min=1), rule("few", "words", ("zh",), min=2)]
    found = judged(documents, rules, ["book", "news"])["rules"]["few"]
    assert (found["trusted_loss"], found["junk_caught"]) == (round(1 / 60, 4), 0.25)


def test_every_signal_is_asked_which_side_of_it_is_junk() -> None:
    rng = np.random.default_rng(1)
    words = [*rng.normal(500, 50, 400), *rng.normal(200, 50, 100)]
    lines = [*rng.normal(5, 1, 400), *rng.normal(50, 1, 100)]
    documents = measured(
        ["book"] * 400 + ["junk.en.menus"] * 100, ["en"] * 500, {"words": words, "lines": lines}
    )
    found = signal_power(documents, ["book"])
    assert set(found) == {"words", "lines"}
    assert found["words"]["en"]["junk_caught"] > 0.9
    assert found["words"]["en"]["min"] == pytest.approx(400, abs=25)
    assert found["lines"]["en"]["junk_caught"] == 1.0
    assert found["lines"]["en"]["max"] == pytest.approx(7, abs=1)
    assert found["lines"]["en"]["trusted_loss"] < 0.06


@needs_texts
def test_junk_that_ingest_would_mend_is_left_out_and_the_rest_is_numbered() -> None:
    found = junk_collections({"zh": chapters()[:20], "en": []}, 30, 5)
    assert {junk_kind(name) for name in found} >= {("zh", "mojibake"), ("zh", "gambling")}
    assert all(language == "zh" for language, _ in filter(None, map(junk_kind, found)))
    assert len(found["junk.zh.menus"].documents) == 30
    assert 15 < len(found["junk.zh.mojibake"].documents) < 30
    assert not any("ä¸" in text for text in found["junk.zh.mojibake"].documents.values())
    assert junk_kind("news") is None
