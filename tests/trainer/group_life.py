"""``python -m tests.trainer.group_life``, a process of a group. ``ends``: makes all groups of a training and takes a
step; then prints how many of gloo's threads there are when all has been left. ``dies``: process 1 ends when another
group is made."""

from __future__ import annotations

import atexit
import os
import sys
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
import torch.distributed as dist

from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from tests.trainer.examples import SMALL, small_settings
from trainer import distributed
from trainer.data.batch import make_batch
from trainer.engine import TrainingEngine
from trainer.forward_pass import ForwardPass
from trainer.model.transformer import EncoderDecoder
from trainer.model.weight_init import InitialWeights


def gloo_threads() -> int:
    names = [task.read_text(encoding="utf-8").strip() for task in Path("/proc/self/task").glob("*/comm")]
    return sum("gloo" in name for name in names)


def ends() -> None:
    settings = small_settings()
    with torch.device("meta"):
        model = EncoderDecoder(settings, SMALL.padded)
    train = TrainSettings.model_validate({"zero": 3})
    engine = TrainingEngine(model, train, Optimizer(), InitialWeights(model, settings, seed=0))
    tokens = np.arange(3, 11, dtype=np.int64).reshape(1, 8)
    engine.step([ForwardPass(make_batch(tokens, tokens, pad=0))], 1e-3, Optimizer())
    distributed.storage_ranks().all_did(lambda: 0)
    print(gloo_threads())
    engine.close()


def dies() -> None:
    dead = dist.get_rank() == 1
    with (
        patch.object(distributed, "LONGEST_MEETING", timedelta(seconds=1)),
        patch.object(dist, "new_group", (lambda **_: os._exit(3)) if dead else dist.new_group),
        distributed.lost_processes_explained(),
    ):
        distributed.storage_ranks()


if __name__ == "__main__":
    atexit.register(lambda: print(gloo_threads()))
    distributed.join_process_group()
    {"ends": ends, "dies": dies}[sys.argv[1]]()
