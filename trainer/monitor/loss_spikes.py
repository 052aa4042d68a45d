"""Watches the loss, so that a training that has gone wrong is stopped before its weights are lost.

Losses of one stage scatter around a slowly falling level, all the more as each micro batch has a denoiser of
its own. What counts as unusual is therefore measured in robust standard deviations (1.4826 times the median
absolute deviation; Rousseeuw and Croux 1993) from the
median of the last losses: neither is moved by the few unusual values that are to be found.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median

from manifests.schema.train_settings import GuardSettings

CONSISTENT = 1.4826
"""Makes the median absolute deviation of normal values their standard deviation."""
LEAST_SCATTER = 0.01
"""Of the median: losses that scatter very little must not make an anomaly of every change."""


class LossAnomaly(ArithmeticError):
    """Something is wrong with the steps up to and including global step ``step`` (the first is 0)."""

    def __init__(self, step: int, reason: str) -> None:
        super().__init__(reason)
        self.step, self.reason = step, reason


class LossSpikeMonitor:
    """Sees the losses of all steps in order; what it says depends on nothing else, so all processes agree and
    a resumed run does too."""

    def __init__(self, settings: GuardSettings) -> None:
        self._settings = settings
        self._stage = ""
        self._usual: deque[float] = deque(maxlen=settings.window)
        self._unusual: list[float] = []

    @property
    def suspicious(self) -> bool:
        """Whether the last loss was unusual: weights of such a moment are not worth keeping."""
        return bool(self._unusual)

    def observe(self, step: int, stage: str, loss: float) -> None:
        """Takes the loss of global step ``step``, in nats per target token.

        Raises:
            LossAnomaly: it is the last of ``patience`` losses in a row that are all far above, or all far
                below, the stage's usual ones.
        """
        if stage != self._stage:
            self._stage, self._unusual = stage, []
            self._usual.clear()
        distance = self._distance(loss)
        if abs(distance) <= self._settings.spike:
            self._usual.append(loss)
            self._unusual = []
            return
        if self._unusual and (self._unusual[-1] > 0) != (distance > 0):
            self._unusual = []
        self._unusual.append(distance)
        if len(self._unusual) >= self._settings.patience:
            what = "spike" if distance > 0 else "collapse"
            raise LossAnomaly(
                step,
                f"{what}: loss {loss:.4g} where {median(self._usual):.4g} was usual, for "
                f"{len(self._unusual)} steps in a row",
            )

    def _distance(self, loss: float) -> float:
        """Robust standard deviations above (or, negative, below) the usual; 0 while too few losses are
        known."""
        if len(self._usual) < self._settings.window:
            return 0.0
        level = median(self._usual)
        scatter = CONSISTENT * median(abs(value - level) for value in self._usual)
        return (loss - level) / max(scatter, LEAST_SCATTER * abs(level), math.ulp(1.0))
