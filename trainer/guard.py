"""What is done about a training that goes wrong: process 0 judges, all follow."""

from __future__ import annotations

from typing import Any

from trainer.distributed import decided_by_rank_0
from trainer.monitor.divergence import DivergenceMonitor, LossAnomaly


def judge_step(monitor: DivergenceMonitor, record: dict[str, Any]) -> None:
    """Shows the monitor a step, by its line of ``metrics.jsonl``.

    Raises:
        LossAnomaly: the training has gone wrong; in all processes.
    """
    anomaly = decided_by_rank_0(lambda: monitor.observe(record))
    if anomaly is not None:
        raise LossAnomaly(anomaly)


def worth_keeping(monitor: DivergenceMonitor, record: dict[str, Any], loss: float, *, last: bool) -> bool:
    """Whether the weights after a step may become a checkpoint.

    Args:
        record: the step's line.
        loss: of its samples, measured once more after its update.
        last: it is the last one of its stage.

    Raises:
        LossAnomaly: they may not, and the stage ends here; in all processes.
    """
    good, anomaly = decided_by_rank_0(lambda: monitor.judge_weights(record, loss, last=last))
    if anomaly is not None:
        raise LossAnomaly(anomaly)
    return good
