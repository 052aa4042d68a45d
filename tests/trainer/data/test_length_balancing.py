from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.tiny import write_curriculum, write_shards
from trainer.data.dataset import open_sets
from trainer.data.length_balancing import balance_lengths, balanced
from trainer.run import TrainingRun


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    folder = tmp_path_factory.mktemp("run")
    write_shards(folder)
    return TrainingRun.open(write_curriculum(folder / "curriculum.yaml"), folder)


def test_micro_batches_of_pairs_cost_about_the_same(run: TrainingRun) -> None:
    sets = open_sets(run.shard_folder, run.shards.sets)
    plan, shape = run.curriculum().step(9), run.curriculum().spans[1].plan.shape
    dealt = balance_lengths(plan, shape, sets, run.manifest.model)
    assert [len(micro.rows) for micro in dealt] == [len(micro.rows) for micro in plan.micro_batches]
    rows, seeds = (np.concatenate([getattr(micro, name) for micro in dealt]) for name in ("rows", "seeds"))
    planned = {
        row: seed
        for micro in plan.micro_batches
        for row, seed in zip(micro.rows.tolist(), micro.seeds.tolist(), strict=True)
    }
    assert dict(zip(rows.tolist(), seeds.tolist(), strict=True)) == planned


@settings(deadline=None)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=60), st.integers(1, 8))
def test_every_sample_is_dealt_once(costs: list[int], size: int) -> None:
    sizes = [min(size, len(costs) - start) for start in range(0, len(costs), size)]
    parts = balanced(np.array(costs), sizes)
    assert [len(part) for part in parts] == sizes
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(costs)))
    assert all((np.diff(part) > 0).all() for part in parts)


def test_costs_are_balanced() -> None:
    """Lognormal and cut, as lengths of instructions are: 64 micro batches of 16 differ by a few percent,
    dealt in order by a factor."""
    costs = np.random.default_rng(0).lognormal(4, 1.2, 1024).clip(max=1024).astype(np.int64)
    dealt = np.array([costs[part].sum() for part in balanced(costs, [16] * 64)])
    planned = costs.reshape(64, 16).sum(axis=1)
    assert dealt.max() / dealt.mean() < 1.05
    assert planned.max() / planned.mean() > 1.5


def test_chunks_stay_as_planned(run: TrainingRun) -> None:
    plan, shape = run.curriculum().step(0), run.curriculum().spans[0].plan.shape
    sets = open_sets(run.shard_folder, run.shards.sets)
    assert balance_lengths(plan, shape, sets, run.manifest.model) is plan.micro_batches
