"""Which checkpoint of a stage is its best."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Any

from manifests.schema.shards import HELDOUT_TASKS


def best_step(stage: str, first: int, evaluations: Iterable[dict[str, Any]]) -> int | None:
    """The step of a stage after which the held-out losses of its sets, under its own objective, were lowest
    on average; None before its first evaluation. Tasks that are held out choose nothing: they tell how the
    choice does on what is new. ``first`` steps were made before the stage, and ``evaluations`` are lines of
    ``evaluation.jsonl``."""
    means = {
        line["step"]: fmean(losses)
        for line in evaluations
        if line["stage"] == stage and line["step"] > first and (losses := _trained(line["losses"]))
    }
    return min(means, key=lambda step: means[step], default=None)


def _trained(losses: dict[str, float]) -> list[float]:
    return [loss for name, loss in losses.items() if not name.endswith(HELDOUT_TASKS)]
