"""``python -m tests.trainer.skipped_updates``, a process of a group: engines that meet losses and gradients which
are not finite, in the last process alone. Process 0 prints as JSON, by precision, ZeRO stage and offloading, for
each fault whether the step was skipped, and how far the engine then is from one that never met it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

import torch
import torch.distributed as dist
from torch import Tensor

from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from tests.trainer.next_byte import NextByte, micro_batches
from tests.trainer.states import engine_of
from trainer.determinism import deterministic_cpu
from trainer.distributed import join_process_group
from trainer.engine_state import EngineState
from trainer.forward_pass import ForwardPass

KINDS = (
    ("fp32", 0, "none"),
    ("fp32", 1, "none"),
    ("fp32", 2, "none"),
    ("fp32", 3, "none"),
    ("bf16", 1, "none"),
    ("bf16", 3, "none"),
    ("bf16", 1, "optimizer"),
    ("bf16", 3, "all"),
)
FAULTS = ("loss", "endless loss", "one gradient")


class Faulty(NextByte):
    """Its loss is not a number, or infinite with the usual gradient, or usual with one gradient that is not a
    number."""

    fault = ""

    def forward(self, *, decoder: Tensor, labels: Tensor, **others: object) -> tuple[Tensor, int, Tensor]:
        total, count, parts = super().forward(decoder=decoder, labels=labels, **others)
        match self.fault:
            case "loss":
                total, parts = total * torch.nan, parts * torch.nan
            case "endless loss":
                total, parts = total + torch.inf, parts + torch.inf
            case "one gradient":
                bias = self.norm.bias[3]
                total = total + (bias - bias.detach()).abs().sqrt()  # 0, whose gradient is 0 / 0
        return total, count, parts


def distance(one: EngineState, other: EngineState) -> float:
    """The greatest difference of any weight or moment that this process has, and of the updates."""
    pairs = zip((*one.weights, *one.moments), (*other.weights, *other.moments), strict=True)
    tensors = (float((a.values - b.values).abs().max()) for a, b in pairs)
    return max(*tensors, float(abs(one.updates - other.updates)))


def life(settings: TrainSettings, work: Sequence[ForwardPass], fault: str) -> tuple[EngineState, bool]:
    """The state after two steps with a faulty one between them, or without it; and whether that was skipped."""
    engine = engine_of(Faulty(width=400), settings, Optimizer())
    engine.step(work, 0.01, Optimizer())
    skipped = False
    if fault:
        model = cast(Faulty, engine.module)
        model.fault = fault if dist.get_rank() == dist.get_world_size() - 1 else ""
        skipped = engine.step(work, 0.01, Optimizer()).skipped
        model.fault = ""
    skipped &= not engine.step(work, 0.01, Optimizer()).skipped
    state = engine.state()
    engine.close()
    return state, skipped


def main() -> None:
    join_process_group()
    rank, ranks = dist.get_rank(), dist.get_world_size()
    work = [ForwardPass(batch) for batch in micro_batches(4, 64)[rank::ranks]]
    found: dict[str, dict[str, tuple[bool, float]]] = {}
    with deterministic_cpu(threads=1):
        for precision, zero, offload in KINDS:
            settings = TrainSettings.model_validate(
                {"precision": precision, "zero": zero, "offload": offload}
            )
            undisturbed, _ = life(settings, work, "")
            mine = found.setdefault(f"{precision} {zero} {offload}", {})
            for fault in FAULTS:
                state, skipped = life(settings, work, fault)
                seen = [(skipped, 0.0)] * ranks
                dist.all_gather_object(seen, (skipped, distance(state, undisturbed)))
                mine[fault] = all(one for one, _ in seen), max(far for _, far in seen)
    if rank == 0:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
