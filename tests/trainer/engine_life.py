"""``python -m tests.trainer.engine_life``, a process of a group: engines that step, take an earlier state back
and are closed. Process 0 prints as JSON, by precision, ZeRO stage and offloading, the held-out loss of that state
before and after, and the bytes of tensors that are left in each process beside its micro batches."""

from __future__ import annotations

import gc
import json
from collections.abc import Sequence

import torch
import torch.distributed as dist

from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from tests.trainer.next_byte import NextByte, micro_batches
from tests.trainer.states import engine_of, held
from trainer.determinism import deterministic_cpu
from trainer.distributed import join_process_group
from trainer.forward_pass import ForwardPass

KINDS = (
    ("fp32", 0, "none"),
    ("fp32", 1, "none"),
    ("bf16", 1, "optimizer"),
    ("bf16", 2, "none"),
    ("fp32", 3, "none"),
    ("bf16", 3, "all"),
)


def there_and_back(settings: TrainSettings, work: Sequence[ForwardPass]) -> list[float]:
    """Losses at a state, after it was left, after it was loaded, and of the step after each of the two. The model
    is so wide that ZeRO 3 keeps some of its weights gathered and spreads others."""
    engine = engine_of(NextByte(width=400), settings, Optimizer())

    def step() -> float:
        return engine.step(work, 0.01, Optimizer()).loss

    step()
    states = [engine.state()] * dist.get_world_size()
    dist.all_gather_object(states, states[0])
    there = engine.evaluate(work)
    step()
    next_there, left = step(), engine.evaluate(work)
    engine.load(held(*states))
    back = engine.evaluate(work)
    step()
    next_back = step()
    engine.close()
    return [there, left, back, next_there, next_back]


def live_bytes() -> int:
    """Of all tensors of this process that its garbage collector knows."""
    gc.collect()
    return sum(item.nbytes for item in gc.get_objects() if isinstance(item, torch.Tensor))


def main() -> None:
    join_process_group()
    rank, ranks = dist.get_rank(), dist.get_world_size()
    work = [ForwardPass(batch) for batch in micro_batches(8, 64)[rank::ranks]]
    found, before = {}, live_bytes()
    with deterministic_cpu(threads=1):
        for precision, zero, offload in KINDS:
            settings = TrainSettings.model_validate(
                {"precision": precision, "zero": zero, "offload": offload}
            )
            losses = there_and_back(settings, work)
            left: list[int] = [0] * ranks
            dist.all_gather_object(left, live_bytes() - before)
            found[f"{precision} {zero} {offload}"] = {"losses": losses, "left": left}
    if rank == 0:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
