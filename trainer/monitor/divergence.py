"""Watches the losses of a training, so that one that goes wrong is stopped before its weights are lost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from manifests.schema.train_settings import GuardSettings
from trainer.monitor.loss_drift import LossDrift
from trainer.monitor.spike_count import SpikeCount
from trainer.monitor.usual_loss import UsualLoss


@dataclass(frozen=True)
class Anomaly:
    """Something is wrong with the steps up to and including global step ``step`` (the first is 0)."""

    step: int
    reason: str


class LossAnomaly(ArithmeticError):
    """The training has gone wrong."""

    def __init__(self, anomaly: Anomaly) -> None:
        super().__init__(anomaly.reason)
        self.anomaly = anomaly


class DivergenceMonitor:
    """Sees the records of all steps in order (lines of ``metrics.jsonl``); what it says depends on nothing
    else, so a resumed run decides as one that was never interrupted.

    A stage begins with a loss that is ``expected``: what its objective loses on held-out samples before its
    first step, or, where that is not known, what a model with new weights loses; it begins once more when it
    has taken the place of the one before, and until then no drift is judged. Three tests hold from there
    on: a loss is a spike when it is ``spike`` standard deviations above the usual ones or above the expected
    one (or as far below), and ``patience`` spikes are wrong; a drift, whose cumulative sum is that of
    ``patience`` spikes, is wrong; and a stage that ends on a spike or half a drift is.

    Args:
        untrained: the loss of a model with new weights, in nats per target token.
    """

    def __init__(self, settings: GuardSettings, untrained: float) -> None:
        self._settings, self._untrained = settings, untrained
        self._stage, self._blends = "", False
        self._rate = 0.0
        self._begin(untrained, 0.0)

    def _begin(self, expected: float, scatter: float) -> None:
        self._usual = UsualLoss(self._settings.window, expected, scatter)
        self._spikes = SpikeCount()
        self._drift = LossDrift(self._usual, self._settings.spike)

    @property
    def suspicious(self) -> bool:
        """Whether the last losses were: there was a spike of late, or there is half a drift."""
        return self._spikes.count > 0 or self._drifting

    @property
    def _drifting(self) -> bool:
        return self._drift.sum > self._settings.patience * self._settings.spike / 2

    def observe(self, record: dict[str, Any]) -> Anomaly | None:
        """Takes a step; what is wrong, if something is.

        Args:
            record: with ``step`` (the first is 1), ``stage``, ``loss`` (nats per target token),
                ``learning_rate``; where the step made no update, ``skipped``; at a stage's beginning
                ``expected``; at its end ``part``, where only that part of a batch was left; while it blends
                with the one before, its part as ``blend``.
        """
        ended, self._blends = self._blends and "blend" not in record, "blend" in record
        if ended or record["stage"] != self._stage:
            scatter = self._usual.scatter if self._stage else 0.0
            self._stage, self._rate = record["stage"], 0.0
            self._begin(record.get("expected") or self._untrained, scatter)
        rising, self._rate = record["learning_rate"] > self._rate > 0, record["learning_rate"]
        rising = rising or self._blends  # from an easier objective to a harder one the loss may rise
        if "skipped" in record:
            self._spikes.observe(1)
        else:
            self._take(self._alike(record["loss"], record.get("part", 1.0)), rising=rising)
        return self._judged(record)

    def _take(self, loss: float, *, rising: bool) -> None:
        direction = self._direction(loss)
        self._spikes.observe(direction)
        if not direction:
            self._usual.add(loss)
            self._drift.observe(loss, rising=rising)

    def _alike(self, loss: float, part: float) -> float:
        """A loss as near to the level as that of a whole batch would be: means of fewer scatter more."""
        return self._usual.level + (loss - self._usual.level) * math.sqrt(part)

    def _judged(self, record: dict[str, Any]) -> Anomaly | None:
        if self._spikes.count >= self._settings.patience:
            found = f"{record.get('skipped') or self._what(record['loss'])}, {self._spikes}"
        elif self._drift.sum >= self._settings.patience * self._settings.spike:
            found = self._rise(record["loss"])
        else:
            return None
        self._begin(self._usual.expected, self._usual.scatter)
        return Anomaly(record["step"] - 1, found)

    def _what(self, loss: float) -> str:
        what = "collapse" if loss < self._usual.level else "spike"
        return f"{what}: loss {loss:.4g} where {self._usual.level:.4g} was usual"

    def _rise(self, loss: float) -> str:
        return f"drift: loss {loss:.4g} where {self._drift.reference:.4g} was reached"

    def judge_weights(
        self, record: dict[str, Any], loss: float, *, last: bool
    ) -> tuple[bool, Anomaly | None]:
        """Whether the weights after the step that was observed last are worth keeping, and, at the ``last``
        step of a stage, what is wrong if they are not.

        Args:
            record: of the step.
            loss: of its samples, measured once more after its update: what an update has spoilt would else be
                seen a step later.
        """
        spoilt = not math.isfinite(loss) or self._direction(self._alike(loss, record.get("part", 1.0))) > 0
        if not last:
            return not (spoilt or self.suspicious), None
        if not (spoilt or self._drifting):
            return True, None
        what = self._what(loss) if spoilt else self._rise(loss)
        return False, Anomaly(record["step"] - 1, f"{what}, at the end of stage {self._stage}")

    def _direction(self, loss: float) -> int:
        """1 for a spike up, -1 for one down, 0 for a usual loss."""
        usual, spike = self._usual, self._settings.spike
        level = usual.level
        if loss > min(usual.expected + spike * usual.first_scatter, level + spike * usual.scatter):
            return 1
        far = usual.full and loss < level - spike * usual.scatter
        return -1 if far and loss < level - spike * usual.spread else 0
