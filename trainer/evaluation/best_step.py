"""Which checkpoint of a stage is its best."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Any

from curriculum.curriculum import Span


def best_step(span: Span, evaluations: Iterable[dict[str, Any]]) -> int | None:
    """The step of a stage after which its held-out losses, under its own objective, were lowest on average;
    None before its first evaluation. ``evaluations`` are lines of ``evaluation.jsonl``."""
    name = span.plan.stage.name
    means = {
        line["step"]: fmean(line["losses"].values())
        for line in evaluations
        if line["stage"] == name and line["step"] > span.first and line["losses"]
    }
    return min(means, key=lambda step: means[step], default=None)
