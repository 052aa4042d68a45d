"""Which samples of a step go through the model together: pairs of all lengths, so that micro batches cost
about the same."""

from __future__ import annotations

import heapq
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from curriculum.objective_shape import ObjectiveShape
from curriculum.step_plan import MicroBatch, StepPlan
from manifests.schema.model import ModelSettings
from trainer.data.dataset import PairTable, TokenStream


def balance_lengths(
    plan: StepPlan, shape: ObjectiveShape, sets: dict[str, TokenStream | PairTable], model: ModelSettings
) -> tuple[MicroBatch, ...]:
    """The step's micro batches. Pairs are dealt anew by their cost, long and short ones together, so that
    memory is even and no process waits; the step's samples, and so its gradient, stay the same. Chunks are of
    one length: their micro batches stay as planned."""
    if shape.chunk_length is not None:
        return plan.micro_batches
    set_index = np.concatenate([micro.set_index for micro in plan.micro_batches])
    rows = np.concatenate([micro.rows for micro in plan.micro_batches])
    noise = np.concatenate([micro.seeds for micro in plan.micro_batches])
    costs = _costs(plan, shape, set_index, rows, sets, model)
    parts = balanced(costs, [len(micro.rows) for micro in plan.micro_batches])
    return tuple(
        replace(micro, set_index=set_index[part], rows=rows[part], seeds=noise[part])
        for micro, part in zip(plan.micro_batches, parts, strict=True)
    )


def balanced(costs: NDArray[np.int64], sizes: list[int]) -> list[NDArray[np.int64]]:
    """Deals samples of given costs (int64 [samples]) into ``len(sizes)`` parts of the given sizes, in all
    ``samples``, with sums of cost that are nearly even: from the dearest on, each to the part that has
    cost least so far (Graham 1969). Returns the places of each part's samples, in order: int64 [size]."""
    parts: list[list[int]] = [[] for _ in sizes]
    open_parts = [(0, index) for index, size in enumerate(sizes) if size]
    for sample in np.argsort(-costs, kind="stable").tolist():
        cost, index = heapq.heappop(open_parts)
        parts[index].append(sample)
        if len(parts[index]) < sizes[index]:
            heapq.heappush(open_parts, (cost + int(costs[sample]), index))
    return [np.array(sorted(part), dtype=np.int64) for part in parts]


def _costs(
    plan: StepPlan,
    shape: ObjectiveShape,
    set_index: NDArray[np.int32],
    rows: NDArray[np.int64],
    sets: dict[str, TokenStream | PairTable],
    model: ModelSettings,
) -> NDArray[np.int64]:
    costs = np.empty(len(rows), dtype=np.int64)
    for index, name in enumerate(plan.sets):
        mine = np.flatnonzero(set_index == index)
        pairs = sets[name]
        assert isinstance(pairs, PairTable)
        costs[mine] = shape.pair_costs(*pairs.lengths(rows[mine]), model)
    return costs
