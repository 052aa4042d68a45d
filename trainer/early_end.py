"""Whether a stage ends before its tokens are read: a metric of its held-out losses says so."""

from __future__ import annotations

from typing import Any

from curriculum.journal import StageEndedEarly
from curriculum.plugins import METRICS
from manifests.plugins import resolve
from manifests.schema.stage import Stage
from trainer.distributed import decided_by_rank_0
from trainer.run import TrainingRun


def early_end(run: TrainingRun, stage: Stage, record: dict[str, Any]) -> StageEndedEarly | None:
    """The event that ends a stage after an evaluation, whose line of ``evaluation.jsonl`` is ``record``; None
    where the stage goes on. Process 0 asks the metric; every process gets its answer.

    Raises:
        PluginError: the metric cannot be found, failed, or gave no number.
    """
    if stage.until is None:
        return None
    return decided_by_rank_0(lambda: _judged(run, stage, record))


def _judged(run: TrainingRun, stage: Stage, record: dict[str, Any]) -> StageEndedEarly | None:
    known = (event for event in run.journal().events if isinstance(event, StageEndedEarly))
    if stage.until is None or any(event.stage == stage.name for event in known):
        return None  # the journal has decided, and a replay asks no metric
    threshold = stage.until.threshold
    plugin = resolve(threshold.metric, METRICS, run.manifest_folder)
    value = plugin.call(record)
    if not isinstance(value, int | float):
        raise plugin.error(f"it returned {value!r}, not a number")
    if not value < threshold.below:
        return None
    reason = f"{threshold.metric} was {value:.6g}, below {threshold.below:g}"
    return StageEndedEarly(stage=stage.name, step=record["step"], reason=reason)
