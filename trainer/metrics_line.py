"""A step's line of ``metrics.jsonl``."""

from __future__ import annotations

import math
from typing import Any

from curriculum.step_plan import StepPlan
from trainer.resume import Position
from trainer.step_result import StepResult


def metrics_line(
    plan: StepPlan, result: StepResult, position: Position, expected: float | None, *, z_loss: bool
) -> dict[str, Any]:
    """The line, a function of the run alone; JSON has no number for what is not finite.

    Args:
        position: after the step.
        expected: the loss that is, where one is.
        z_loss: whether the stage has one.
    """
    loss, norm = result.loss, result.gradient_norm
    record = {
        "step": position.step,
        "stage": plan.stage,
        "loss": loss if math.isfinite(loss) else None,
        "learning_rate": plan.learning_rate,
        "tokens": position.tokens.total(),
        "tokens_by_set": dict(sorted(position.tokens.items())),
        "gradient_norm": norm if math.isfinite(norm) else None,
    }
    if z_loss:
        record["z_loss"] = result.z_loss if math.isfinite(result.z_loss) else None
    if plan.share < 1:
        record["blend"] = plan.share
    if plan.whole < 1:
        record["part"] = plan.whole
    if result.skipped:
        finite = math.isfinite(loss)
        record["skipped"] = f"the gradient's norm is {norm}" if finite else f"the loss is {loss}"
    if expected is not None:
        record["expected"] = expected
    return record
