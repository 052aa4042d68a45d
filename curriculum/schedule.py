"""Learning rates as a function of the step within a stage."""

from __future__ import annotations

import math

from manifests.schema.curriculum import LearningRate


def learning_rate(settings: LearningRate, step: int, stage_steps: int) -> float:
    """The rate of step ``step`` (0 is the first) of a stage of ``stage_steps`` steps, as Megatron-LM counts: the last step of the warm-up
    has the peak rate, and the step after ``decay_steps`` steps the minimum."""
    done = step + 1
    if done <= settings.warmup_steps:
        return settings.peak * done / settings.warmup_steps
    if settings.minimum is None:
        return settings.peak
    decay = settings.decay_steps or stage_steps
    progress = min(1.0, (done - settings.warmup_steps) / max(1, decay - settings.warmup_steps))
    remaining = 0.5 * (1 + math.cos(math.pi * progress)) if settings.schedule == "cosine" else 1 - progress
    return settings.minimum + remaining * (settings.peak - settings.minimum)
