from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.tiny import write_curriculum, write_shards
from trainer.arrange import arrange
from trainer.data import Pairs, open_sets
from trainer.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    write_shards(folder)
    return Run.open(write_curriculum(folder / "curriculum.yaml"), folder)


def test_pairs_of_like_cost_go_together(run: Run) -> None:
    sets = open_sets(run.shard_folder, run.shards.sets)
    plan = run.curriculum().step(9)
    arranged = arrange(plan, sets, run.manifest.model)
    assert [len(micro.rows) for micro in arranged] == [len(micro.rows) for micro in plan.micro_batches]
    rows, seeds = (np.concatenate([getattr(micro, name) for micro in arranged]) for name in ("rows", "seeds"))
    planned = {row: seed for micro in plan.micro_batches for row, seed in zip(micro.rows.tolist(), micro.seeds.tolist(), strict=True)}
    assert dict(zip(rows.tolist(), seeds.tolist(), strict=True)) == planned
    pairs = sets["pairs"]
    assert isinstance(pairs, Pairs)
    prompts, targets = pairs.lengths(rows)
    costs = np.minimum(prompts, 32) * 1 + np.minimum(targets, 16) * 2
    assert (np.diff(costs) >= 0).all()


def test_chunks_stay_as_planned(run: Run) -> None:
    plan = run.curriculum().step(0)
    assert arrange(plan, open_sets(run.shard_folder, run.shards.sets), run.manifest.model) is plan.micro_batches
