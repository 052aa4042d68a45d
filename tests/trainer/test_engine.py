from __future__ import annotations

import os
from contextlib import closing
from typing import Any

import pytest
import torch

from curriculum.zero import zero_stage
from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from tests.trainer.examples import SMALL
from tests.trainer.sharded_losses import SETTINGS
from trainer.distributed import join_process_group
from trainer.engine import TrainingEngine
from trainer.model.transformer import EncoderDecoder
from trainer.model.weight_init import InitialWeights


@pytest.mark.parametrize(
    ("settings", "world_size", "expected"),
    [
        ({"zero": 1}, 1, 0),
        ({"zero": 1}, 2, 1),
        ({"zero": 1, "precision": "bf16"}, 1, 2),
        ({"zero": 1, "precision": "bf16"}, 2, 2),
        ({"zero": 3, "precision": "bf16"}, 2, 3),
        ({"zero": 1, "offload": "optimizer"}, 1, 1),
        ({"zero": 2}, 1, 2),
        ({"zero": 0}, 2, 0),
    ],
)
def test_zero_1_works_only_where_it_has_something_to_do(
    settings: dict[str, Any], world_size: int, expected: int
) -> None:
    assert zero_stage(TrainSettings.model_validate(settings), world_size) == expected


def test_an_engine_leaves_no_sign_of_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """By which other libraries, and commands that are started from here, would look for the others."""
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    join_process_group()
    with torch.device("meta"):
        model = EncoderDecoder(SETTINGS, SMALL.padded)
    weights = InitialWeights(model, SETTINGS, seed=3)
    with closing(TrainingEngine(model, TrainSettings.model_validate({"zero": 3}), Optimizer(), weights)):
        assert os.environ["LOCAL_RANK"] == "0", "DeepSpeed asks for it"
    assert not {"RANK", "LOCAL_RANK", "WORLD_SIZE"} & os.environ.keys()
