"""Whether a stage ends before its tokens are read: its held-out losses say so."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

from curriculum.journal_events import StageEndedEarly
from curriculum.plugins import METRICS
from curriculum.span import Span
from curriculum.theil_sen import theil_sen
from manifests.border.logs import read_evaluations
from manifests.plugins import resolve
from manifests.schema.until import Plateau, Threshold, Until, heldout_of, is_builtin
from trainer.distributed import decided_by_rank_0
from trainer.run import TrainingRun

LEAST_EVALUATIONS = 6
"""Of a window: fewer say nothing of a slope."""

Lines = Mapping[str, dict[str, Any]]
"""Lines of ``evaluation.jsonl`` of one step, by stage."""


def early_end(run: TrainingRun, span: Span, lines: Lines) -> StageEndedEarly | None:
    """The event that ends a stage after an evaluation, whose ``lines`` are those of all stages; None where it
    goes on. Process 0 asks the metrics; every process gets its answer.

    Raises:
        PluginError: a metric cannot be found, failed, or gave no number.
        UnsoundFileError: ``evaluation.jsonl`` is damaged.
    """
    until = span.stream.stage.until
    return None if until is None else decided_by_rank_0(lambda: _judged(run, span, until, lines))


def _judged(run: TrainingRun, span: Span, until: Until, lines: Lines) -> StageEndedEarly | None:
    stage = span.stream.stage
    if run.journal().has_ended(stage.name):
        return None  # the journal has decided, and a replay asks no metric
    step: int = lines[stage.name]["step"]
    if _tokens(span, step) < (until.least or 0):
        return None
    threshold, plateau = until.threshold, until.plateau
    reason = _below(run, span, threshold, lines) if threshold else None
    if reason is None and plateau:
        reason = _flat(run, span, plateau, step)
    return StageEndedEarly(stage=stage.name, step=step, reason=reason) if reason else None


def _tokens(span: Span, step: int) -> Fraction:
    """What the stage has read before global step ``step``."""
    return span.quotas.tokens_read(step - span.first)


def _below(run: TrainingRun, span: Span, threshold: Threshold, lines: Lines) -> str | None:
    value = _value(run, span, threshold.metric, lines)
    if value is None or not value < threshold.below:
        return None
    return f"{threshold.metric} was {value:.6g}, below {threshold.below:g}"


def _flat(run: TrainingRun, span: Span, plateau: Plateau, step: int) -> str | None:
    read = _tokens(span, step)
    if read < plateau.window:
        return None
    reads = partial(_tokens, span)
    window = step - bisect_left(range(step), read - plateau.window, lo=span.first, key=reads)
    points = [
        (at, value)
        for at, lines in _evaluations(run)
        if at >= step - window and (value := _value(run, span, plateau.metric, lines)) is not None
    ]
    if len(points) < LEAST_EVALUATIONS:
        return None
    slope = theil_sen(*zip(*points, strict=True))
    if slope.low * window < -plateau.slope:
        return None
    return (
        f"{plateau.metric} changed by {slope.median * window:+.4g} over the last {window:,.0f} steps, "
        f"at most by {slope.low * window:+.4g} downwards, where a fall of {plateau.slope:g} was asked for"
    )


def _evaluations(run: TrainingRun) -> Sequence[tuple[int, Lines]]:
    """All evaluations so far, each with its step."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for line in read_evaluations(run.evaluations_file):
        found.setdefault(line["step"], {})[line["stage"]] = line
    return sorted(found.items())


def _value(run: TrainingRun, span: Span, metric: str, lines: Lines) -> float | None:
    """None where the shards have no held-out samples to tell."""
    stage = span.stream.stage
    if is_builtin(metric):
        return _heldout(*heldout_of(metric, stage.name), span.stream.final_shares, lines)
    plugin = resolve(metric, METRICS, run.manifest_folder)
    value = plugin.call(lines[stage.name])
    if not isinstance(value, int | float):
        raise plugin.error(f"it returned {value!r}, not a number")
    return value


def _heldout(stage: str, name: str | None, mixture: Mapping[str, float], lines: Lines) -> float | None:
    losses = lines.get(stage, {"losses": {}})["losses"]
    if name is not None:
        found: float | None = losses.get(name)
        return found
    shares = {name: share for name, share in mixture.items() if name in losses}
    total = sum(shares.values())
    return sum(share * losses[name] for name, share in sorted(shares.items())) / total if total else None
