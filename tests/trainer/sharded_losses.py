"""``python -m tests.trainer.sharded_losses``, a process of a group: a model that is made in parts takes three steps.
Process 0 prints the losses as JSON, by precision and ZeRO stage."""

from __future__ import annotations

import json

import numpy as np
import torch
import torch.distributed as dist

from manifests.schema.objectives import PrefixObjective
from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from tests.trainer.examples import SMALL, small_settings
from trainer.data.batch import Batch
from trainer.determinism import deterministic_cpu
from trainer.distributed import join_process_group
from trainer.engine import TrainingEngine
from trainer.forward_pass import ForwardPass
from trainer.model.transformer import EncoderDecoder
from trainer.model.weight_init import InitialWeights
from trainer.objectives import Prefix, build

KINDS = (("fp32", 0), ("fp32", 1), ("fp32", 2), ("fp32", 3), ("bf16", 1), ("bf16", 2), ("bf16", 3))
SETTINGS = small_settings(d_model=64, encoder_layers=1, decoder_layers=2, init_std=0.1)


def batches() -> list[Batch]:
    """24 micro batches of a row, of equal length: as many for each of 1, 2, 3, 4 and 8 processes."""
    objective = build(PrefixObjective(kind="prefix", source=12, target=12), SMALL)
    assert isinstance(objective, Prefix)
    rows = (np.arange(24 * 24, dtype=np.uint32) * 7 % 139 + 3).reshape(24, 1, 24)
    return [objective.apply(row, 0, np.arange(1, dtype=np.uint64)) for row in rows]


def losses(precision: str, zero: int) -> list[float]:
    """Of three steps; every process takes its part of the micro batches."""
    with torch.device("meta"):
        model = EncoderDecoder(SETTINGS, SMALL.padded)
    settings = TrainSettings.model_validate({"precision": precision, "zero": zero})
    engine = TrainingEngine(model, settings, Optimizer(), InitialWeights(model, SETTINGS, seed=3))
    rank, ranks = dist.get_rank(), dist.get_world_size()
    work = [ForwardPass(batch) for batch in batches()[rank::ranks]]
    found = [engine.step(work, 1e-3, Optimizer()).loss for _ in range(3)]
    engine.close()
    return found


def main() -> None:
    join_process_group()
    with deterministic_cpu(threads=1):
        found = {f"{precision} {zero}": losses(precision, zero) for precision, zero in KINDS}
    if dist.get_rank() == 0:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
