"""The planner: budgets met, caps kept, the same documents whatever their order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.largest_remainder import largest_remainder
from pipeline.steps.shards.sampling_keys import ORDER, keys
from pipeline.steps.shards.shortfall import ShardBudgetError
from pipeline.steps.shards.token_budget import Cap, Documents, plan, water_fill

LANGUAGES = ("en", "zh")


def documents(
    tokens: list[int],
    source: list[int],
    language: list[int],
    seed: int = 0,
    weight: list[int] | None = None,
) -> Documents:
    hashes = np.arange(len(tokens), dtype=np.uint64)
    weights = np.array(weight or [1] * len(tokens), np.int32)
    return Documents(
        np.array(tokens),
        np.array(source, np.int32),
        np.array(language, np.int8),
        keys(hashes, seed, ORDER),
        weights,
    )


def attempt(
    rows: Documents, budgets: dict[str, int], caps: list[Cap], tolerance: float
) -> tuple[np.ndarray, ShardBudgetError | None]:
    try:
        return plan(rows, budgets, LANGUAGES, caps, tolerance), None
    except ShardBudgetError as error:
        return np.zeros(len(rows.tokens), np.int64), error


@st.composite
def corpora(draw: st.DrawFn) -> tuple[Documents, list[Cap]]:
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(1, 300),
                st.integers(0, 2),
                st.integers(0, 1),
                st.sampled_from([1, 1000, 2500, 10_000]),
            ),
            min_size=1,
            max_size=60,
        )
    )
    cap = st.tuples(st.sampled_from([1, 1.5, 2, 3.25]), st.one_of(st.none(), st.integers(0, 5000)))
    caps = [Cap(f"source{index}", *draw(cap)) for index in range(3)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    return documents(columns[0], columns[1], columns[2], draw(st.integers(0, 9)), columns[3]), caps


@settings(deadline=None)
@given(corpora(), st.integers(1, 4000), st.integers(1, 4000), st.sampled_from([0.001, 0.05, 0.3]))
def test_budgets_are_met_and_caps_are_never_exceeded(
    corpus: tuple[Documents, list[Cap]], en: int, zh: int, tolerance: float
) -> None:
    rows, caps = corpus
    budgets = {"en": en, "zh": zh}
    times, error = attempt(rows, budgets, caps, tolerance)
    if error is not None:
        assert all(
            abs(short.budget - short.reachable) > tolerance * short.budget for short in error.shortfalls
        )
        assert all(f"{short.language}: " in str(error) for short in error.shortfalls)
        assert all(
            f"shards.budget.{short.language} to {short.reachable}" in str(error).replace("lower ", "set ")
            for short in error.shortfalls
        )
        return
    used = rows.tokens * times
    for index, language in enumerate(LANGUAGES):
        assert abs(used[rows.language == index].sum() - budgets[language]) <= tolerance * budgets[language]
    for index, cap in enumerate(caps):
        mine = rows.source == index
        assert used[mine].sum() <= cap.max_epochs * rows.tokens[mine].sum()
        assert used[mine].sum() <= (np.inf if cap.max_tokens is None else cap.max_tokens)
        assert times[mine].max(initial=0) <= np.ceil(cap.max_epochs)


@settings(deadline=None)
@given(corpora(), st.integers(1, 4000), st.randoms())
def test_plan_depends_on_the_set_of_documents_not_on_their_order(
    corpus: tuple[Documents, list[Cap]], budget: int, random: object
) -> None:
    rows, caps = corpus
    order = np.array(sorted(range(len(rows.tokens)), key=lambda _: random.random()))  # type: ignore[attr-defined]
    shuffled = Documents(
        rows.tokens[order], rows.source[order], rows.language[order], rows.key[order], rows.weight[order]
    )
    times, error = attempt(rows, {"en": budget}, caps, 0.3)
    again, same_error = attempt(shuffled, {"en": budget}, caps, 0.3)
    assert again.tolist() == times[order].tolist()
    assert str(same_error) == str(error)


@settings(deadline=None)
@given(corpora(), st.integers(1, 4000), st.integers(1, 4000))
def test_documents_that_all_weigh_the_same_are_planned_as_if_they_had_no_weight(
    corpus: tuple[Documents, list[Cap]], budget: int, weight: int
) -> None:
    rows, caps = corpus
    alike = [replace(rows, weight=np.full(len(rows.tokens), one, np.int32)) for one in (1, weight)]
    (times, error), (again, same) = (attempt(one, {"en": budget}, caps, 0.3) for one in alike)
    assert again.tolist() == times.tolist()
    assert str(same) == str(error)


def test_a_document_of_twice_the_weight_is_used_twice_as_often() -> None:
    lengths = np.random.default_rng(1).lognormal(6, 1, 6000).astype(int) + 1
    weight = [500, 1000, 3000] * 2000
    rows = documents(lengths.tolist(), [0] * 6000, [0] * 6000, weight=weight)
    for budget in (lengths.sum() // 3, lengths.sum(), lengths.sum() * 2):
        times = plan(rows, {"en": int(budget)}, LANGUAGES, [Cap("web", 10)], 0.0001)
        epochs = [(lengths * times)[kind::3].sum() / lengths[kind::3].sum() for kind in range(3)]
        assert epochs[1] / epochs[0] == pytest.approx(2, rel=0.01)
        assert epochs[2] / epochs[0] == pytest.approx(6, rel=0.01)
        assert (lengths * times).sum() == pytest.approx(budget, rel=0.0001)
        spread = [set(times[kind::3].tolist()) for kind in range(3)]
        assert all(max(one) - min(one) <= 1 for one in spread), "a part of them once more"


def test_weights_give_way_where_the_epochs_of_the_source_end() -> None:
    rows = documents([10] * 20, [0] * 20, [0] * 20, weight=[1000] * 10 + [10_000] * 10)
    times = plan(rows, {"en": 250}, LANGUAGES, [Cap("web", 2)], 0.001)
    assert times[10:].tolist() == [2] * 10
    assert sorted(times[:10].tolist()) == [0] * 5 + [1] * 5
    assert plan(rows, {"en": 400}, LANGUAGES, [Cap("web", 2)], 0.001).tolist() == [2] * 20


def test_sources_share_in_proportion_to_the_weight_of_what_they_have() -> None:
    rows = documents([10] * 40, [0] * 20 + [1] * 20, [0] * 40, weight=[1000] * 20 + [3000] * 20)
    times = plan(rows, {"en": 240}, LANGUAGES, [Cap("once"), Cap("many", 4)], 0.001)
    assert (sum(times[:20]), sum(times[20:])) == (6, 18)


def test_sources_share_in_proportion_and_and_capped_ones_make_room() -> None:
    assert water_fill([600, 300, 100], [600, 300, 100], 500) == [300, 150, 50]
    assert water_fill([600, 300, 100], [200, 300, 100], 500) == [200, 225, 75]
    assert water_fill([600, 300, 100], [600, 300, 300], 1200) == [600, 300, 300]
    assert water_fill([100, 0], [150, 0], 120) == [120, 0]


def test_largest_remainder_adds_up() -> None:
    assert largest_remainder([1, 1, 1], 10) == [4, 3, 3]
    assert largest_remainder([10**18, 2 * 10**18], 10**15) == [333333333333333, 666666666666667]
    assert largest_remainder([0, 0], 5) == [0, 0]


def test_a_small_source_is_repeated_as_far_as_its_epochs_allow() -> None:
    rows = documents([10] * 10 + [10] * 10, [0] * 10 + [1] * 10, [0] * 20)
    times = plan(rows, {"en": 250}, LANGUAGES, [Cap("once"), Cap("thrice", 3)], 0.001)
    assert times[:10].tolist() == [1] * 10
    assert sorted(times[10:].tolist()) == [1] * 5 + [2] * 5


def test_the_gap_is_closed_by_exchanging_documents() -> None:
    rows = documents([7, 7, 7, 10], [0] * 4, [0] * 4)
    times = plan(rows, {"en": 24}, LANGUAGES, [Cap("web")], 0.001)
    assert (rows.tokens * times).sum() == 24


def test_ten_thousand_documents_meet_a_tenth_of_a_permille() -> None:
    lengths = np.random.default_rng(1).lognormal(6, 1.2, 10_000).astype(int) + 1
    rows = documents(lengths.tolist(), [0] * 9000 + [1] * 1000, [0] * 10_000)
    budget = int(lengths.sum() * 0.7)
    used = (rows.tokens * plan(rows, {"en": budget}, LANGUAGES, [Cap("web"), Cap("books", 2)], 0.0001)).sum()
    assert abs(used - budget) <= budget * 0.0001


def test_error_names_the_shortfall_and_every_knob() -> None:
    rows = documents([100] * 10, [0] * 5 + [1] * 5, [0] * 10)
    with pytest.raises(ShardBudgetError) as error:
        plan(rows, {"en": 2000, "zh": 10}, LANGUAGES, [Cap("web", 1), Cap("books", 2, 300)], 0.001)
    lines = str(error.value).splitlines()
    english, chinese = (line.removeprefix("the token budget cannot be met: ") for line in lines)
    assert english == (
        "en: 2,000 tokens wanted, 800 available, 1,200 (60.0%) short; lower shards.budget.en to 800 or "
        "less, or raise max_epochs of web "
        "(now 1), or raise max_epochs of books (now 2), or raise max_tokens of books (now 300), or add "
        "sources"
    )
    assert chinese.startswith("zh: 10 tokens wanted, 0 available, 10 (100.0%) short")


def test_error_where_whole_documents_cannot_come_near() -> None:
    with pytest.raises(
        ShardBudgetError,
        match=r"nearer to 150 tokens than \d+; set shards\.budget\.en to \d+, or raise shards\.tolerance "
        r"above 0.33",
    ):
        plan(documents([100] * 3, [0] * 3, [0] * 3), {"en": 150}, LANGUAGES, [Cap("web")], 0.001)
