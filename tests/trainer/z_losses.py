"""``python -m tests.trainer.z_losses``, a process of a group: two steps with z-loss. Process 0 prints as JSON, by ZeRO
stage, the loss, the z-loss and the gradient's norm of each, and the loss of the second's samples afterwards."""

from __future__ import annotations

import json

import torch
import torch.distributed as dist

from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from tests.trainer.examples import SMALL
from tests.trainer.sharded_losses import SETTINGS, batches
from trainer.determinism import deterministic_cpu
from trainer.distributed import join_process_group
from trainer.engine import TrainingEngine
from trainer.forward_pass import ForwardPass
from trainer.model.transformer import EncoderDecoder
from trainer.model.weight_init import InitialWeights

Z_LOSS = 0.01


def steps(zero: int) -> list[float]:
    """Of four micro batches, which the processes share."""
    with torch.device("meta"):
        model = EncoderDecoder(SETTINGS, SMALL.padded)
    weights = InitialWeights(model, SETTINGS, seed=3)
    engine = TrainingEngine(model, TrainSettings.model_validate({"zero": zero}), Optimizer(), weights)
    work = [ForwardPass(batch) for batch in batches()[dist.get_rank() :: dist.get_world_size()]]
    found = []
    for _ in range(2):
        result = engine.step(work, 1e-3, Optimizer(), Z_LOSS)
        found += [result.loss, result.z_loss, result.gradient_norm]
    found.append(engine.evaluate(work))
    engine.close()
    return found


def main() -> None:
    join_process_group()
    with deterministic_cpu(threads=1):
        found = {str(zero): steps(zero) for zero in (0, 1, 3)}
    if dist.get_rank() == 0:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
