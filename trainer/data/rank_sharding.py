"""How the micro batches of a step are dealt out to the processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch.distributed as dist

from curriculum.step_plan import MicroBatch


def shard_over_ranks(micro_batches: Sequence[MicroBatch]) -> Iterator[tuple[MicroBatch, bool]]:
    """This process's micro batches, each with whether it is idle. All processes get as many: those with fewer
    repeat the first, idle."""
    rank, world_size = dist.get_rank(), dist.get_world_size()
    for index in range(rank, -(-len(micro_batches) // world_size) * world_size, world_size):
        idle = index >= len(micro_batches)
        yield micro_batches[0 if idle else index], idle
