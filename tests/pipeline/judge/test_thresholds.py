"""Thresholds out of trusted text: what they lose is what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.judge.calibration import calibrated
from pipeline.judge.halves import first_half
from pipeline.judge.thresholds import fitted, share_dropped, threshold
from pipeline.judge.verdicts import judges
from tests.pipeline.judge.documents import measured, rule

VALUES = st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=200)
SHARES = st.floats(0, 0.5)


@given(VALUES, SHARES, st.booleans())
def test_a_quantile_loses_no_more_than_its_share(values: list[float], share: float, upper: bool) -> None:
    known = np.array(values, np.float32)
    bound = threshold(known, share, upper, "quantile")
    assert bound is not None
    broken = known > np.float32(bound) if upper else known < np.float32(bound)
    assert broken.sum() <= share * len(known) + 1e-9


def test_a_threshold_is_rounded_away_from_the_trusted_text() -> None:
    values = np.array([0.123456, 0.5, 987.654], np.float32)
    assert threshold(values, 0, True, "quantile") == 988
    assert threshold(values, 0, False, "quantile") == 0.123
    assert threshold(-values, 0, False, "quantile") == -988
    assert threshold(np.zeros(5), 0.1, True, "quantile") == 0


def test_a_deviation_is_as_far_from_the_mean_as_the_share_in_a_normal_distribution() -> None:
    values = np.random.default_rng(3).normal(100, 10, 10_000)
    assert threshold(values, 0.02, True, "deviation") == pytest.approx(120.5, abs=1)
    assert threshold(values, 0.02, False, "deviation") == pytest.approx(79.5, abs=1)


def test_the_tenth_percentile_is_the_same_for_every_loss() -> None:
    values = np.arange(1000.0)
    assert threshold(values, 0.02, False, "tenth") == threshold(values, 0.4, False, "tenth") == 99
    assert threshold(values, 0.02, True, "tenth") == 900


def test_a_threshold_comes_of_the_documents_that_the_rule_judges() -> None:
    documents = measured(["book"] * 4, ["en", "en", "zh", "en"], {"words": [40, 60, 5, np.nan]})
    assert judges(documents, rule("few", "words", min=9)).tolist() == [True, True, False, False]
    (fit,) = fitted(documents, [rule("few", "words", min=9)], 0.02, "quantile")
    assert (fit.min, fit.max) == (40, None)


def test_a_signal_that_trusted_text_does_not_have_gives_no_threshold() -> None:
    assert threshold(np.array([np.nan, np.nan]), 0.02, True, "quantile") is None
    documents = measured(["book"] * 2, ["en"] * 2, {"words": [1, 2]})
    rules = [rule("perplexity", "perplexity", max=100), rule("few", "words", min=50)]
    assert [one.name for one in fitted(documents, rules, 0.02, "quantile")] == ["few"]


@given(st.integers(0, 1000), st.floats(0.005, 0.2))
def test_all_rules_together_lose_no_more_than_the_loss(seed: int, loss: float) -> None:
    rng = np.random.default_rng(seed)
    signals = {name: rng.normal(size=300).tolist() for name in ("words", "lines", "sentences")}
    documents = measured(["book"] * 300, ["en"] * 150 + ["zh"] * 150, signals)
    rules = [rule(name, name, ("en", "zh"), min=-9, max=9) for name in signals]
    found = fitted(documents, rules, loss, "quantile")
    assert [one.languages for one in found] == [("en",), ("zh",)] * 3
    for language in ("en", "zh"):
        assert share_dropped(documents.taken(documents.languages == language), found) <= loss


def test_a_calibration_says_what_the_other_half_loses_and_what_junk_is_missed() -> None:
    rng = np.random.default_rng(4)
    words = [*rng.normal(500, 50, 2000), *rng.normal(100, 10, 50), *rng.normal(500, 50, 50)]
    sources = ["book"] * 2000 + ["junk.en.menus"] * 50 + ["junk.en.adult"] * 50
    documents = measured(sources, ["en"] * 2100, {"words": words}, {2099: "language/language"})
    found = calibrated(documents, [rule("few", "words", min=30, max=10_000)], ["book"], 0.02, "quantile")
    (one,) = found.proposals
    assert one.before == (30, 10_000)
    assert one.rule.min == pytest.approx(384, abs=12)
    assert one.rule.max == pytest.approx(616, abs=12)
    judged = 2000 - int(first_half(f"d{place}" for place in range(2000)).sum())
    assert found.documents == {"en": judged}
    assert found.trusted_loss["en"] == pytest.approx(0.02, abs=0.01)
    assert found.junk_missed["en"]["menus"] == 0
    assert found.junk_missed["en"]["adult"] > 0.9


def test_halves_are_about_as_large_and_always_the_same() -> None:
    ids = [f"docs:{number}" for number in range(1000)]
    assert 450 < first_half(ids).sum() < 550
    assert (first_half(ids)[::-1] == first_half(ids[::-1])).all()
    assert (first_half(f"{id_}#piece-{len(id_)}" for id_ in ids) == first_half(ids)).all()
