"""Losses that rise so slowly, or so little, that none of them is unusual: a CUSUM test."""

from __future__ import annotations

import math

from trainer.monitor.usual_loss import UsualLoss

LEAST_RISE = 0.03
"""Of the reference: a rise that is worth going back for."""


class LossDrift:
    """Page's cumulative sum (Biometrika 41, 1954) of what losses lie above the stage's best ones.

    The reference is the lowest mean of a whole window, two standard errors added because it is the lowest of
    many, with the scatter of that time; until there is one, the loss that was expected. What a loss is above
    it by more than one standard deviation is added, what it is below taken off, and the sum never falls below
    0: losses that go down or stay never add up. While the learning rate rises, so may the loss (Gupta et al.
    2023): nothing is added, and the next whole window is the first reference.

    Args:
        usual: the stage's losses, which the owner keeps.
        limit: standard deviations that one loss counts for, at most.
    """

    def __init__(self, usual: UsualLoss, limit: float) -> None:
        self._usual, self._limit = usual, limit
        self._since = 0
        self.reference, self._scatter = usual.expected, usual.first_scatter
        self.sum = 0.0

    def observe(self, loss: float, *, rising: bool) -> None:
        """Takes a step's loss; ``rising``: its learning rate is above that of the step before."""
        if rising:
            self._since, self.reference, self.sum = 0, math.inf, 0.0
            return
        self._since += 1
        if self.reference < math.inf:
            distance = (loss - self.reference) / max(self._scatter, LEAST_RISE * self.reference)
            self.sum = max(0.0, self.sum + min(distance, self._limit) - 1)
        if self._usual.full and self._since >= self._usual.window:
            self._lower()

    def _lower(self) -> None:
        scatter = self._usual.scatter
        reached = self._usual.mean + 2 * scatter / math.sqrt(self._usual.window)
        if reached < self.reference:
            self.reference, self._scatter = reached, scatter
