"""What a step of training has measured."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class StepResult:
    """Mean cross-entropy in nats per target token over all processes, target tokens, the gradient's norm
    before clipping, and the mean z-loss, which ``loss`` is without. ``skipped``: loss or norm is infinite or
    not a number, and nothing was updated."""

    loss: float
    target_tokens: int
    gradient_norm: float
    z_loss: float = 0.0

    @property
    def skipped(self) -> bool:
        """Whether the step made no update."""
        return not (math.isfinite(self.loss) and math.isfinite(self.gradient_norm))
