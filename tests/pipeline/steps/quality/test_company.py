"""Rules of a family: what breaks one by little stays, what breaks two goes, and what breaks one by far."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from manifests.schema.rules import Rule, Spared
from manifests.schema.signals import SIGNALS
from pipeline.judge.thresholds import fitted
from pipeline.judge.verdicts import verdicts
from pipeline.steps.quality.rules import judge
from tests.pipeline.judge.documents import measured

SHARES = st.lists(st.floats(0, 1, width=32), min_size=8, max_size=8)


def noise(name: str, signal: str, **bounds: object) -> Rule:
    return Rule.model_validate(
        {"name": name, "signal": signal, "languages": ["en"], "company": {"family": "noise", "max": 0.1}}
        | bounds
    )


RULES = [
    noise("words", "odd_words", max=0.5),
    noise("letters", "odd_letter_pairs", max=0.5),
    noise("order", "word_order", min=2, company={"family": "noise"}),
]


def reasons(
    rules: list[Rule], columns: dict[str, list[float]], language: str = "en"
) -> list[list[str] | None]:
    number = len(next(iter(columns.values())))
    found = {name: np.array(columns.get(name, [np.nan] * number), np.float32) for name in SIGNALS}
    sources = np.array(["web"] * number, object)
    return judge(found, np.array([language] * number, object), sources, rules).broken.to_pylist()


def test_what_breaks_one_rule_by_little_stays_and_two_by_little_goes() -> None:
    assert reasons(RULES, {"odd_words": [0.2, 0.2, 0.1], "odd_letter_pairs": [0.1, 0.125, 0.2]}) == [
        None,
        ["words: odd_words 0.2 > 0.1 in company", "letters: odd_letter_pairs 0.125 > 0.1 in company"],
        None,
    ]


def test_what_breaks_one_rule_by_far_goes_alone_and_is_company() -> None:
    assert reasons(RULES, {"odd_words": [0.6, 0.6], "odd_letter_pairs": [0, 0.2]}) == [
        ["words: odd_words 0.6 > 0.5"],
        ["words: odd_words 0.6 > 0.5", "letters: odd_letter_pairs 0.2 > 0.1 in company"],
    ]


def test_a_rule_without_nearer_bounds_is_company_by_its_own() -> None:
    assert reasons(RULES, {"odd_words": [0.2, 0.2], "word_order": [1, 2]}) == [
        ["words: odd_words 0.2 > 0.1 in company", "order: word_order 1 < 2"],
        None,
    ]


def test_a_rule_may_drop_in_company_only() -> None:
    rules = [noise("words", "odd_words"), noise("letters", "odd_letter_pairs")]
    assert reasons(rules, {"odd_words": [1, 1], "odd_letter_pairs": [0, 0.2]}) == [
        None,
        ["words: odd_words 1 > 0.1 in company", "letters: odd_letter_pairs 0.2 > 0.1 in company"],
    ]


def test_two_rules_of_one_name_and_rules_of_two_families_are_no_company() -> None:
    twice = [noise("words", "odd_words", max=0.5), noise("words", "odd_letter_pairs", max=0.5)]
    other = [RULES[0], noise("letters", "odd_letter_pairs", company={"family": "spam", "max": 0.1}, max=0.5)]
    for rules in (twice, other):
        assert reasons(rules, {"odd_words": [0.2], "odd_letter_pairs": [0.2]}) == [None]


def test_who_is_spared_or_in_another_language_keeps_no_company() -> None:
    spared = RULES[1].model_copy(update={"spare": Spared(sources=("web",))})
    values = {"odd_words": [0.2], "odd_letter_pairs": [0.2]}
    assert reasons([RULES[0], spared], values) == [None]
    assert reasons(RULES, values, "zh") == [None]


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"max": 0.05}, "'words': company: its bounds are farther than the rule's own; give a greater min"),
        ({"min": 0.5, "company": {"family": "noise", "min": 0.4}}, "or a smaller max"),
        ({"company": {"family": "noise"}}, "'words' has neither min nor max"),
    ],
)
def test_bounds_in_company_are_nearer_than_the_rule_s_own(bounds: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        noise("words", "odd_words", **bounds)


@given(SHARES, SHARES)
def test_company_only_ever_drops_more_and_never_what_one_rule_near_its_bound_would(
    words: list[float], letters: list[float]
) -> None:
    alone = [rule.model_copy(update={"company": None}) for rule in RULES[:2]]
    strict = [rule.bounded(max=0.1) for rule in RULES[:2]]
    values = {"odd_words": words, "odd_letter_pairs": letters}
    far, found, near = (reasons(rules, values) for rules in (alone, RULES[:2], strict))
    for one, two, three in zip(far, found, near, strict=True):
        assert (one is not None) <= (two is not None) <= (three is not None)
        assert (two is not None) == (one is not None or (three is not None and len(three) == 2))


def test_what_is_judged_counts_company() -> None:
    documents = measured(["web"] * 3, ["en"] * 3, {"odd_words": [0.2] * 3, "odd_letter_pairs": [0, 0.2, 0.6]})
    found = verdicts(documents, RULES)
    assert {name: mask.tolist() for name, mask in found.items()} == {
        "words": [False, True, True],
        "letters": [False, True, True],
        "order": [False, False, False],
    }


def test_a_calibrated_rule_keeps_its_bounds_in_company_where_they_are_nearer() -> None:
    values = {"odd_words": [0.0, 0.3], "odd_letter_pairs": [0.0, 0.0625]}
    documents = measured(["book"] * 2, ["en"] * 2, values)
    words, letters = fitted(documents, RULES[:2], 0, "quantile")
    assert (words.own, words.nearer) == ((None, 0.301), (None, 0.1))
    alone = noise("words", "odd_words")
    assert fitted(documents, [alone], 0, "quantile") == [alone]
    assert letters.own == letters.nearer == (None, 0.0625)
