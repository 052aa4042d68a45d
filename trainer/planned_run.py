"""What a plan needs to know of a run's shards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from curriculum.plan.planned_shards import PlannedShards
from trainer.data.dataset import PairTable, open_sets
from trainer.run import TrainingRun

PAIRS = 1 << 16
"""Of each set, whose lengths are read together."""


def planned_shards(curriculum: Path, run: Path, limits: Mapping[str, float]) -> PlannedShards:
    """A run's sets, with the lengths of their pairs. ``limits``: the most that tokens of each source may be
    read.

    Raises:
        ManifestError: one of the manifests is missing or not valid.
        ShardError: a shard is missing or is not what the manifest says.
    """
    training = TrainingRun.open(curriculum, run)
    sets = {name: one for name, one in training.shards.sets.items() if one.kind == "pairs"}
    pairs = {}
    for name, table in open_sets(training.shard_folder, sets).items():
        assert isinstance(table, PairTable)
        rows = np.unique(np.linspace(0, sets[name].rows - 1, PAIRS).astype(np.int64))
        pairs[name] = np.stack(table.lengths(rows))
    described = f"the shards of {run}"
    return PlannedShards(training.shards, described, pairs, training.pair_lengths, limits, there=True)
