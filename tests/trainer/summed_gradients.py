"""``python -m tests.trainer.summed_gradients``, a process of a group: how far the gradient of a step of many
micro batches is from the float32 sum of theirs. Process 0 prints it as JSON, by ZeRO stage and offloading."""

from __future__ import annotations

import json
from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor

from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from tests.trainer.next_byte import NextByte, micro_batches
from tests.trainer.states import engine_of
from trainer.data.batch import Batch
from trainer.determinism import deterministic_cpu
from trainer.distributed import add_over_ranks, join_process_group
from trainer.forward_pass import ForwardPass

OPTIMIZER = Optimizer(clip=1e9)
KINDS = ((1, "none"), (2, "none"), (3, "none"), (1, "optimizer"), (3, "all"))


def float32_sum(work: Sequence[Batch]) -> dict[str, Tensor]:
    """The gradient of the mean loss over all tokens; each micro batch's is that of the bfloat16 model."""
    model = NextByte().bfloat16()
    targets = sum(batch.targets for batch in work)
    total = {name: torch.zeros(value.shape) for name, value in model.named_parameters()}
    for batch in work:
        model.zero_grad()
        (model(**batch.inputs())[0] / targets).backward()
        for name, value in model.named_parameters():
            assert value.grad is not None
            total[name] += value.grad.float()
    return total


def measured(zero: int, offload: str, work: Sequence[Batch], wanted: dict[str, Tensor]) -> dict[str, float]:
    """Errors of an engine's first step, relative to the sum's norm: of the gradient, which the first moment
    tells, and of the norm that the step returns."""
    settings = TrainSettings.model_validate({"precision": "bf16", "zero": zero, "offload": offload})
    engine = engine_of(NextByte(), settings, OPTIMIZER)
    rank, ranks = dist.get_rank(), dist.get_world_size()
    result = engine.step([ForwardPass(batch) for batch in work[rank::ranks]], 1e-3, OPTIMIZER)
    squares = 0.0
    for piece in engine.state().moments:
        moment, name = piece.name.split(".", 1)
        if moment == "exp_avg":
            part = wanted[name].flatten()[piece.start : piece.start + len(piece.values)]
            squares += float((piece.values / (1 - OPTIMIZER.betas[0]) - part).square().sum())
    engine.close()
    norm = torch.cat([value.flatten() for value in wanted.values()]).norm()
    error = add_over_ranks([squares])[0] ** 0.5
    return {"gradient": float(error / norm), "norm": float(result.gradient_norm / norm) - 1}


def main() -> None:
    join_process_group()
    work = micro_batches(64, 192)
    with deterministic_cpu(threads=1):
        wanted = float32_sum(work)
        errors = {f"{zero} {offload}": measured(zero, offload, work, wanted) for zero, offload in KINDS}
    if dist.get_rank() == 0:
        print(json.dumps(errors))


if __name__ == "__main__":
    main()
