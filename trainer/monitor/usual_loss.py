"""Which losses are usual in a stage, from its first step on."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from statistics import fmean, median

from manifests.schema.model import ModelSettings

CONSISTENT = 1.96
"""Makes the 95th percentile of normal values' distances from their centre their standard deviation."""
LEAST_SCATTER = 0.01
"""Of the level: losses that scatter very little must not make an anomaly of every change."""
FIRST_SCATTER = 0.03
"""Of the expected loss: how well it is known before a step of the stage was made."""


def untrained_loss(settings: ModelSettings, vocabulary: int) -> float:
    """What a model with new weights loses, in nats per token, and none should lose that has learnt something.

    Every token as likely costs the logarithm of the ``vocabulary``. Logits are products of a normed state and
    embeddings of standard deviation ``init_std``, so nearly normal of variance ``d_model * init_std ** 2``,
    and the mean of their exponentials adds half of that.
    """
    return math.log(vocabulary) + settings.d_model * settings.init_std**2 / 2


class UsualLoss:
    """Level and scatter of a stage's last losses.

    Scatter is the 95th percentile of the changes from step to step: differences of neighbours hold no trend
    (von Neumann 1941), and a high percentile counts a denoiser that comes every tenth time as usual, which
    the median of the distances would pass over. Before ``window`` / 4 losses are known the ``expected`` loss
    stands for their level, and before ``window`` are, scatter is at least that of the first.
    """

    def __init__(self, window: int, expected: float, scatter: float = 0.0) -> None:
        self.window, self.expected = window, expected
        self.first_scatter = max(scatter, FIRST_SCATTER * expected)
        self._last: deque[float] = deque(maxlen=window)
        self._changes: deque[float] = deque(maxlen=window)

    def add(self, loss: float) -> None:
        """The next usual loss."""
        if self._last:
            self._changes.append(abs(loss - self._last[-1]))
        self._last.append(loss)

    @property
    def full(self) -> bool:
        """Whether so many losses are known as there is room for."""
        return len(self._last) == self.window

    @property
    def _known(self) -> bool:
        return len(self._last) >= self.window / 4

    @property
    def level(self) -> float:
        """The median, in nats per token."""
        return median(self._last) if self._known else self.expected

    @property
    def mean(self) -> float:
        """The mean, in nats per token."""
        return fmean(self._last)

    @property
    def scatter(self) -> float:
        """One standard deviation, in nats per token."""
        if not self._known:
            return self.first_scatter
        scatter = self._at_least(_high(self._changes) / (CONSISTENT * math.sqrt(2)))
        return scatter if self.full else max(scatter, self.first_scatter)

    @property
    def spread(self) -> float:
        """The same with the trend in it, of the losses around their level."""
        return self._at_least(_high(abs(loss - self.level) for loss in self._last) / CONSISTENT)

    def _at_least(self, scatter: float) -> float:
        return max(scatter, LEAST_SCATTER * abs(self.level), math.ulp(1.0))


def _high(values: Iterable[float]) -> float:
    """The smallest value that 95 % of them do not exceed."""
    ordered = sorted(values)
    return ordered[math.ceil(0.95 * len(ordered)) - 1]
