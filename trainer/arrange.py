"""Which samples of a step go through the model together: pairs of like length, so that little of a micro batch is padding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from curriculum.plan import MicroBatch, StepPlan
from manifests.schema.curriculum import InstructionObjective, ModelSettings
from trainer.data import Pairs, Stream


def arrange(plan: StepPlan, sets: dict[str, Stream | Pairs], model: ModelSettings) -> tuple[MicroBatch, ...]:
    """The step's micro batches. Those of an instruction stage are dealt anew, by what a pair costs (its lengths times the layers that
    they pass); the step's samples, and so its gradient, stay the same. Chunks are of one length: their micro batches stay as planned."""
    if not isinstance(plan.objective, InstructionObjective):
        return plan.micro_batches
    set_index = np.concatenate([micro.set_index for micro in plan.micro_batches])
    rows = np.concatenate([micro.rows for micro in plan.micro_batches])
    noise = np.concatenate([micro.seeds for micro in plan.micro_batches])
    order = np.argsort(_costs(plan, plan.objective, set_index, rows, sets, model), kind="stable")
    ends = np.cumsum([len(micro.rows) for micro in plan.micro_batches])
    parts = np.split(order, ends[:-1])
    return tuple(
        replace(micro, set_index=set_index[part], rows=rows[part], seeds=noise[part])
        for micro, part in zip(plan.micro_batches, parts, strict=True)
    )


def _costs(
    plan: StepPlan,
    objective: InstructionObjective,
    set_index: NDArray[np.int32],
    rows: NDArray[np.int64],
    sets: dict[str, Stream | Pairs],
    model: ModelSettings,
) -> NDArray[np.int64]:
    costs = np.empty(len(rows), dtype=np.int64)
    for index, name in enumerate(plan.sets):
        mine = np.flatnonzero(set_index == index)
        pairs = sets[name]
        assert isinstance(pairs, Pairs)
        prompts, targets = pairs.lengths(rows[mine])
        source, target = np.minimum(prompts, objective.source), np.minimum(targets, objective.target)
        costs[mine] = source * model.encoder_layers + target * model.decoder_layers
    return costs
