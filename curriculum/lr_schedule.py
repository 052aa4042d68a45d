"""Learning rates as a function of the step within a stage."""

from __future__ import annotations

import math

from manifests.schema.optimization import LearningRate


def learning_rate(settings: LearningRate, step: int, stage_steps: int, previous: float = 0.0) -> float:
    """The rate of step ``step`` (0 is the first) of a stage of ``stage_steps`` steps, as Megatron-LM counts:
    the last step of the warm-up has the peak rate, and the step after ``decay_steps`` steps the minimum.
    ``previous`` is that of the last step of the stage before."""
    done = step + 1
    peak = previous if settings.peak == "previous" else settings.peak
    if done <= settings.warmup_steps:
        return peak * done / settings.warmup_steps
    if settings.minimum is None:
        return peak
    first, last = settings.warmup_steps, settings.decay_steps or stage_steps
    if settings.schedule == "wsd":
        first, last = max(first, stage_steps - last), stage_steps
    progress = min(1.0, max(0.0, (done - first) / max(1, last - first)))
    remaining = 0.5 * (1 + math.cos(math.pi * progress)) if settings.schedule == "cosine" else 1 - progress
    return settings.minimum + remaining * (peak - settings.minimum)
