from __future__ import annotations

from typing import Any

import pytest

from manifests.schema.train_settings import TrainSettings
from trainer.deepspeed_settings import zero_stage


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
