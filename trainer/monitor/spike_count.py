"""How many unusual losses there were of late."""

from __future__ import annotations

FORGOTTEN = 1 / 8
"""Of a spike in a step without one: spikes may come as often as that for ever."""


class SpikeCount:
    """A cumulative sum of spikes: each adds 1, each usual step takes ``FORGOTTEN`` off (the Bernoulli CUSUM
    of Reynolds and Stoumbos, Journal of Quality Technology 31, 1999). So ``n`` in a row reach ``n``, and ones
    that come again and again do, too. Spikes up and down are not counted together."""

    def __init__(self) -> None:
        self.count = 0.0
        self._up = True
        self._seen = self._steps = 0

    def observe(self, direction: int) -> None:
        """Takes a step: a spike up (1) or down (-1), or none (0)."""
        if direction and (direction > 0) != self._up:
            self.count = 0.0
            self._up = direction > 0
        if not self.count:
            self._seen = self._steps = 0
        self._steps += 1
        self._seen += bool(direction)
        self.count = self.count + 1 if direction else max(0.0, self.count - FORGOTTEN)

    def __str__(self) -> str:
        if self._seen == self._steps:
            return f"for {self._seen} step{'s' * (self._seen > 1)} in a row"
        return f"{self._seen} times in {self._steps} steps"
