"""How tasks share a language's tokens, which are held out, and which records are nearly others."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from manifests.schema.dedup import DedupSettings
from manifests.schema.instructions import InstructionSettings
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.shards.instruction_budget import HELD, TASK_HELD, TRAIN, PairPlan, plan_pairs
from pipeline.steps.shards.instruction_pairs import ENCODED
from pipeline.steps.shards.near_pairs import near_duplicates, record_keys
from pipeline.steps.shards.pair_counts import pair_counts
from pipeline.steps.shards.task_mixing import beyond, task_shares
from pipeline.steps.shards.token_budget import Cap, Documents, plan, water_fill

LANGUAGES = ("en", "zh")


class Held:
    """Encoded pairs in memory, as ``Columns`` gives those of files."""

    paths = ("pairs.arrow",)

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        empty: dict[str, Any] = dict.fromkeys(ENCODED.names) | {"source": "s", "prompt": [], "target": []}
        self._batch = pa.RecordBatch.from_pylist([empty | row for row in rows], ENCODED)

    def batches(self) -> list[pa.RecordBatch]:
        return [self._batch]

    def column(self, name: str) -> pa.ChunkedArray:
        return pa.chunked_array([self._batch.column(name)])

    def take(self, names: list[str], rows: np.ndarray) -> pa.Table:
        return pa.Table.from_batches([self._batch.select(names).take(pa.array(rows))])


def settings(**more: Any) -> InstructionSettings:
    template = {"name": "t", "prompt": "{q}", "target": "{a}"}
    source = {"name": "s", "path": ".", "format": "jsonl", "language": "en", "templates": [template]}
    return InstructionSettings.model_validate({"tokens": 20_000, "sources": [source], **more})


def pairs(sizes: dict[str, int], seed: int = 0) -> list[dict[str, Any]]:
    """So many pairs of each task, whose name begins with its language, of 2 to 40 tokens."""
    draw = np.random.default_rng(seed)
    return [
        {
            "id": f"s:{task}#{number}",
            "task": task,
            "language": task[:2],
            "prompt": draw.integers(0, 8000, draw.integers(1, 31)).tolist(),
            "target": draw.integers(0, 8000, draw.integers(1, 11)).tolist(),
        }
        for task, size in sizes.items()
        for number in range(size)
    ]


def tokens(made: PairPlan, **by: Any) -> int:
    chosen = made.use == TRAIN
    for name, value in by.items():
        chosen &= getattr(made, name) == value
    return int(made.tokens[chosen].sum())


SIZES = {"en_big": 3000, "en_small": 200, "en_tiny": 9, "zh_big": 900, "zh_small": 80}


@pytest.mark.parametrize("temperature", [1.0, 2.0, 8.0])
def test_the_ratio_is_right_within_a_thousandth_of_trained_tokens_and_caps_hold(temperature: float) -> None:
    chosen = settings(mixing={"cap": 500, "temperature": temperature}, tokens=15_000)
    encoded: Any = Held(pairs(SIZES))
    made = plan_pairs(encoded, chosen, heldout=0.01, seed=3)
    english, chinese = (tokens(made, language=index) for index in (0, 1))
    assert english / (english + chinese) == pytest.approx(0.667, rel=0.001)
    assert english + chinese == pytest.approx(15_000, rel=0.001)
    for task in range(len(made.tasks)):
        assert np.count_nonzero((made.task == task) & (made.use == TRAIN)) <= 500
    counts = dict(pair_counts(made, encoded, chosen))
    assert counts["tasks/tokens/en/en_big"] == tokens(made, task=0)
    assert counts["tasks/rejected/task_cap/en/en_big"] > 2400
    assert sum(counts.get(f"tasks/made/{name[:2]}/{name}", 0) for name in SIZES) == len(encoded.batches()[0])


def test_a_higher_temperature_gives_small_tasks_more() -> None:
    encoded: Any = Held(pairs(SIZES))
    shares = []
    for temperature in (1.0, 2.0, 4.0):
        made = plan_pairs(encoded, settings(mixing={"temperature": temperature}), heldout=0.0, seed=3)
        shares.append(tokens(made, task=made.tasks.index("en_small")) / tokens(made, language=0))
    assert shares[0] == pytest.approx(200 / 3209, rel=0.15)
    assert shares[0] < shares[1] < shares[2]


COUNTS = st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=40), min_size=1, max_size=6)


@given(COUNTS, st.floats(1, 10), st.integers(1, 100))
def test_quotas_add_up_to_the_budget_in_the_proportions_that_the_formula_says(
    tasks: list[list[int]], temperature: float, percent: int
) -> None:
    """Task i has n_i ** (1 / T) times its mean tokens, as far as it has tokens."""
    documents = columns(tasks)
    found = task_shares(documents, len(tasks), 2, temperature)[:, 0]
    wanted = np.array([len(task) ** (1 / temperature) * sum(task) / len(task) for task in tasks])
    assert np.allclose(found / found.sum(), wanted / wanted.sum(), rtol=1e-4)
    has = [sum(task) for task in tasks]
    budget = sum(has) * percent // 100
    quotas = water_fill(found.tolist(), has, budget)
    assert sum(quotas) == budget
    free = [place for place, quota in enumerate(quotas) if quota < has[place]]
    level = [quotas[place] / wanted[place] for place in free]
    assert all(quota <= most for quota, most in zip(quotas, has, strict=True))
    if free and budget:
        slack = 1 / wanted[free].min()
        assert max(level) - min(level) <= slack + 1e-3 * max(level)
        assert all(
            has[place] / wanted[place] <= max(level) + slack + 1e-3 * max(level)
            for place in range(len(has))
            if place not in free
        )


@given(COUNTS, st.floats(1, 10), st.integers(30, 100))
def test_each_pair_is_used_once_at_most_whatever_the_temperature(
    tasks: list[list[int]], temperature: float, percent: int
) -> None:
    documents = columns(tasks)
    budget = max(int(documents.tokens.sum()) * percent // 100, 1)
    shares = task_shares(documents, len(tasks), 2, temperature)
    caps = [Cap(str(place)) for place in range(len(tasks))]
    times = plan(documents, {"en": budget}, LANGUAGES, caps, 1.0, shares)
    assert set(times.tolist()) <= {0, 1}
    assert int((documents.tokens * times).sum()) <= budget


def columns(tasks: list[list[int]]) -> Documents:
    """Pairs of given lengths, in English."""
    lengths = np.array([length for task in tasks for length in task], np.int64)
    source = np.repeat(np.arange(len(tasks)), [len(task) for task in tasks]).astype(np.int32)
    key = np.random.default_rng(1).permutation(len(lengths)).astype(np.uint64)
    return Documents(lengths, source, np.zeros(len(lengths), np.int8), key, np.ones(len(lengths), np.int32))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=30), st.integers(1, 5))
def test_a_cap_keeps_the_first_of_each_group_by_key(drawn: list[tuple[int, int]], most: int) -> None:
    group = np.array([one for one, _ in drawn], np.int64)
    key = np.array([one for _, one in drawn], np.uint64)
    rows = np.arange(len(drawn))[::2]
    found = beyond(rows, group, key, most)
    wanted = set()
    for one in set(group[rows].tolist()):
        mine = sorted(rows[group[rows] == one].tolist(), key=lambda row: (key[row], row))
        wanted |= set(mine[most:])
    assert set(np.flatnonzero(found).tolist()) == wanted


def test_tasks_and_clusters_that_are_held_out_are_never_trained_on() -> None:
    chosen = settings(
        mixing={},
        tokens=4000,
        clusters={"small": ["*_small", "en_tiny"], "big": ["*_big"]},
        heldout_clusters=["small"],
        heldout_tasks=["zh_b?g"],
        ratio={"en": 1.0},
    )
    encoded: Any = Held(pairs(SIZES))
    made = plan_pairs(encoded, chosen, heldout=0.02, seed=1)
    uses = {task: set(made.use[made.task == place].tolist()) for place, task in enumerate(made.tasks)}
    assert {task for task, used in uses.items() if used == {TASK_HELD}} == set(SIZES) - {"en_big"}
    assert {TRAIN, HELD} <= uses["en_big"]
    with pytest.raises(PipelineError, match=r"no task is called 'en_bigg'.*there are en_big, en_small"):
        plan_pairs(encoded, settings(heldout_tasks=["en_*", "en_bigg"]), heldout=0.0, seed=1)
    with pytest.raises(ValidationError, match="no cluster 'medium' in clusters"):
        settings(heldout_clusters=["medium"])


def test_all_pairs_of_a_record_are_held_out_together() -> None:
    rows = [row | {"unit": place // 4} for place, row in enumerate(pairs({"en_big": 800}))]
    made = plan_pairs(Held(rows), settings(ratio={"en": 1.0}, tokens=2000), heldout=0.2, seed=1)  # type: ignore[arg-type]
    held = (made.use == HELD).reshape(-1, 4)
    assert (held.all(axis=1) == held.any(axis=1)).all()
    assert 20 < held.all(axis=1).sum() < 60


TEXT = "{} saw that the quick brown fox " + " ".join(
    f"jumps over dog {place} and runs away" for place in range(9)
)


def test_records_that_are_nearly_another_of_their_task_or_one_held_out_are_dropped() -> None:
    texts = [TEXT.format(what) for what in ("me", "you", "them", "us")] + [
        "another text entirely, of five words",
        "",
    ]
    bands, sketches = record_keys(pa.array([*texts, *texts]), np.ones(12, bool), DedupSettings())
    encoded: Any = Held(
        [
            {"id": "i", "task": "t", "bands": band, "sketch": sketch}
            for band, sketch in zip(bands.to_pylist(), sketches.to_pylist(), strict=True)
        ]
    )
    task = np.repeat(np.array([0, 1], np.int32), 6)
    use = np.full(12, TRAIN, np.int8)
    key = np.arange(12, dtype=np.uint64)[::-1].copy()
    gone = near_duplicates(encoded, task, use, key, 0.6)
    assert np.flatnonzero(~gone).tolist() == [3, 4, 5, 9, 10, 11], (
        "the best of each task, and what is like none"
    )
    use[0] = TASK_HELD
    gone = near_duplicates(encoded, task, use, key, 0.6)
    assert np.flatnonzero(~gone).tolist() == [0, 4, 5, 10, 11], (
        "those of the other task that are like it go, too"
    )
    use[:] = 0
    assert not near_duplicates(encoded, task, use, key, 0.6).any()


def test_what_is_missing_is_said_with_the_cap() -> None:
    with pytest.raises(Exception, match=r"or raise mixing\.cap, or add instruction sources"):
        plan_pairs(Held(pairs(SIZES)), settings(mixing={"cap": 10}), heldout=0.0, seed=1)  # type: ignore[arg-type]
    assert math.isclose(settings(mixing={}).mixing.tolerance, 0.0004)  # type: ignore[union-attr]
