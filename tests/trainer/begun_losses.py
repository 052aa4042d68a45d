"""``python -m tests.trainer.begun_losses FOLDER``, a process of a group: engines begin from the export and from the
checkpoint in a run's folder, and take three steps. Process 0 prints, as JSON by origin, precision and ZeRO stage, the
losses and the greatest share of the weights that a process has read."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from manifests.schema.initial import Initial
from manifests.schema.lora import Lora
from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from tests.trainer.origins import UPDATES
from trainer.data.dataset import open_sets
from trainer.data.drawn import drawn
from trainer.data.step_loader import StepLoader
from trainer.determinism import deterministic_cpu
from trainer.distributed import join_process_group, storage_ranks
from trainer.forward_pass import ForwardPass
from trainer.lora_state import opened_state
from trainer.run import TrainingRun
from trainer.run_engine import build_engine, build_objectives

EXPORT, CHECKPOINT = "../export", f"train/checkpoints/step-{UPDATES:09d}"
LORA = Lora(rank=4, alpha=8)
KINDS = (
    *((EXPORT, "fp32", zero, None) for zero in (0, 1, 2, 3)),
    *((EXPORT, "bf16", zero, None) for zero in (2, 3)),
    *((CHECKPOINT, "fp32", zero, None) for zero in (1, 3)),
    *((EXPORT, "fp32", zero, LORA) for zero in (0, 1, 2)),
    (EXPORT, "bf16", 2, LORA),
)


class Counted:
    """A source that counts the elements of weights that are read."""

    def __init__(self, source: Any) -> None:
        self._source, self.updates, self.averaged, self.elements = source, source.updates, False, 0

    def read(self, name: str, start: int, numel: int) -> Tensor:
        self.elements += 0 if name.startswith("exp_avg") or ".lora_" in name else numel
        found: Tensor = self._source.read(name, start, numel)
        return found


def measured(run: TrainingRun, rank: int, ranks: int) -> tuple[list[float], float]:
    """The losses, and the share that was read."""
    loader = StepLoader(
        open_sets(run.shard_folder, run.shards.sets),
        run.manifest.model,
        run.shards.vocabulary.padded,
        rank,
        ranks,
    )
    objectives = build_objectives(run)
    plan = run.curriculum().step(0)
    origin, source = opened_state(run, None, storage_ranks())
    assert origin is not None
    counted = Counted(source)
    engine = build_engine(run, counted)
    loaded = loader.load(drawn(plan, objectives), run.manifest.stages[0].micro_batch)
    work = [ForwardPass(one.batch, idle=idle) for one, idle in loaded]
    losses = [engine.step(work, 1e-3, Optimizer()).loss for _ in range(3)]
    sizes = {name: getattr(one, "ds_numel", one.numel()) for name, one in engine.module.named_parameters()}
    whole = sum(size for name, size in sizes.items() if ".lora_" not in name)
    engine.close()
    share = torch.tensor(counted.elements / whole)
    dist.all_reduce(share, dist.ReduceOp.MAX)
    return losses, float(share)


def main(folder: Path) -> None:
    join_process_group()
    run = TrainingRun.open(folder / "curriculum.yaml", folder)
    found = {}
    with deterministic_cpu(threads=1):
        for weights, precision, zero, lora in KINDS:
            settings = TrainSettings.model_validate({"precision": precision, "zero": zero})
            changes = {"train": settings, "initial": Initial(weights=weights), "lora": lora}
            one = replace(run, manifest=run.manifest.model_copy(update=changes))
            found[f"{weights} {'lora-' if lora else ''}{precision} {zero}"] = measured(
                one, dist.get_rank(), dist.get_world_size()
            )
    if dist.get_rank() == 0:
        print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
