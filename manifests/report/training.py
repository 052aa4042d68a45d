"""The training curves, and the held-out losses against what word frequencies alone would reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from manifests.report.axis_scale import Plot, Scale
from manifests.report.figure import Dot, Figure, Line, legend
from manifests.report.number_format import count
from manifests.report.run_record import Evaluation, RunRecord
from manifests.report.stage_grounds import draw_stages
from manifests.schema.shards import HELDOUT_TASKS, ShardManifest

_LEFT, _RIGHT = 62.0, 1066.0
_POINTS = 1000


@dataclass(frozen=True)
class Heldout:
    """The losses of one set under one stage's objective, in nats per target token: before the training, when
    the stage had ended, and now.

    ``after`` is None while the stage has not ended.
    """

    stage: str
    set: str
    first: float
    after: float | None
    last: float
    unigram: float | None


def language_of(name: str) -> str:
    """The language of a set, by its name: ``biflan_zh`` -> ``zh``."""
    return name.removesuffix(HELDOUT_TASKS).rsplit("_", 1)[-1]


def thinned(points: Sequence[tuple[float, float]], most: int = _POINTS) -> list[tuple[float, float]]:
    """At most ``most`` points: the means of equal runs of neighbours. Points that are not finite are left
    out."""
    finite = [point for point in points if math.isfinite(point[1])]
    run = -(-len(finite) // most) or 1
    groups = (finite[start : start + run] for start in range(0, len(finite), run))
    return [
        (sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups
    ]


def curve(record: RunRecord, field: str, label: str, height: float, low: float | None) -> Figure:
    """A field of the training log over the steps, on a ground that is shaded by stage. ``low`` fixes the
    axis' lower end."""
    figure = Figure(label, 1080, height)
    spans = record.stage_spans
    lines = record.training_steps
    values = [
        thinned([(line.step, getattr(line, field)) for line in lines if first <= line.step <= last])
        for _, first, last in spans
    ]
    every = [value for points in values for _, value in points] or [0.0]
    bottom = low if low is not None else min(every)
    ends = [last for _, _, last in spans]
    x = Scale(min(first for _, first, _ in spans), max(ends), _LEFT, _RIGHT)
    plot = Plot(x, Scale(bottom, max(every) * 1.04, height - 24, 26))
    draw_stages(figure, plot, spans)
    plot.grid(figure, y_ticks=6 if height > 200 else 3)
    for points in filter(None, values):
        drawn = [(plot.x(step), plot.y(value)) for step, value in points]
        figure.add(Line(drawn, "curve", f"{label}: {points[-1][1]:.4g} at step {points[-1][0]:.0f}"))
    return figure


def heldout_rows(record: RunRecord) -> list[Heldout]:
    """A row for each stage's objective and set that was evaluated."""
    ends = {name: last for name, _, last in record.stage_spans}
    rows = []
    for stage, lines in by_stage(record).items():
        for name in dict.fromkeys(name for line in lines for name in line.losses):
            values = {line.step: line.losses[name] for line in lines if name in line.losses}
            after = values.get(ends.get(stage, -1))
            rows.append(
                Heldout(
                    stage, name, values[min(values)], after, values[max(values)], unigram(record.shards, name)
                )
            )
    return rows


def by_stage(record: RunRecord) -> dict[str, list[Evaluation]]:
    """The evaluations, by the stage whose objective was measured."""
    stages: dict[str, list[Evaluation]] = {}
    for line in record.evaluations:
        stages.setdefault(line.stage, []).append(line)
    return stages


def unigram(shards: ShardManifest | None, name: str) -> float | None:
    """The unigram entropy of a set's training tokens in nats per token: what a model that knew only token
    frequencies would lose."""
    return shards.sets[name].unigram_entropy if shards is not None and name in shards.sets else None


def heldout(record: RunRecord) -> list[tuple[str, Figure]]:
    """A figure, with its title, for each stage's objective: of the sets that it trains on, and of tasks that
    are held out."""
    figures = []
    for stage, lines in by_stage(record).items():
        names = list(dict.fromkeys(name for line in lines for name in line.losses))
        tasks = [name for name in names if name.endswith(HELDOUT_TASKS)]
        trained = [name for name in names if name not in tasks]
        figures += [(stage, _heldout(record, stage, lines, trained))] if trained else []
        figures += [(f"{stage}, held-out tasks", _heldout(record, stage, lines, tasks))] if tasks else []
    return figures


def _heldout(record: RunRecord, stage: str, lines: Sequence[Evaluation], names: list[str]) -> Figure:
    """A stage's held-out losses by set over the steps, each against its unigram baseline (dashed). All stages
    share one scale."""
    figure = Figure(f"Held-out loss under the objective of stage {stage}", 360, 280)
    every = [loss for line in record.evaluations for loss in line.losses.values()]
    baselines = [
        value
        for value in (
            unigram(record.shards, name) for name in (record.shards.heldout if record.shards else ())
        )
        if value
    ]
    steps = [line.step for line in record.evaluations]
    y = Scale(min([*every, *baselines]) * 0.94, max([*every, *baselines]) * 1.03, 246, 30)
    plot = Plot(Scale(min(steps), max(steps), 46, 350), y)
    legend(figure, 46, 14, [(language_of(name), name) for name in names])
    plot.grid(figure, x_ticks=5, y_ticks=6)
    for _, first, _ in record.stage_spans[1:]:
        figure.add(Line([(plot.x(first), 30), (plot.x(first), 246)], "switch"))
    for name in names:
        style, baseline = language_of(name), unigram(record.shards, name)
        if baseline is not None:
            title = f"unigram baseline of {name}: {baseline:.3f} nats per token"
            figure.add(Line([(46, plot.y(baseline)), (350, plot.y(baseline))], f"baseline {style}", title))
        points = [(plot.x(line.step), plot.y(line.losses[name])) for line in lines if name in line.losses]
        figure.add(Line(points, f"curve {style}"))
        for line in lines:
            if name in line.losses:
                title = f"{name}: {line.losses[name]:.3f} at step {count(line.step)}"
                figure.add(Dot(plot.x(line.step), plot.y(line.losses[name]), style, title))
    return figure
