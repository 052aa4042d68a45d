"""Which checkpoint of a stage is its best."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Any


def best_step(stage: str, first: int, evaluations: Iterable[dict[str, Any]]) -> int | None:
    """The step of a stage after which its held-out losses, under its own objective, were lowest on average;
    None before its first evaluation. ``first`` steps were made before the stage, and ``evaluations`` are
    lines of ``evaluation.jsonl``."""
    means = {
        line["step"]: fmean(line["losses"].values())
        for line in evaluations
        if line["stage"] == stage and line["step"] > first and line["losses"]
    }
    return min(means, key=lambda step: means[step], default=None)
