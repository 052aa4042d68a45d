from __future__ import annotations

import numpy as np
import pytest
import torch

from curriculum.step_plan import MicroBatch
from trainer.data import rank_sharding

BATCHES = [
    MicroBatch(0, np.zeros(1, np.int32), np.array([row]), np.zeros(1, np.uint64), row) for row in range(6)
]


@pytest.mark.parametrize("world_size", range(1, 9))
def test_processes_share_a_step_without_changing_it(world_size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: world_size)
    shares = []
    for rank in range(world_size):
        monkeypatch.setattr(torch.distributed, "get_rank", lambda rank=rank: rank)
        shares.append(list(rank_sharding.shard_over_ranks(BATCHES)))
    assert len({len(share) for share in shares}) == 1, "every process brings as many passes"
    rounds = [[micro.seed for micro, idle in one if not idle] for one in zip(*shares, strict=True)]
    assert [seed for one in rounds for seed in one] == list(range(6))
