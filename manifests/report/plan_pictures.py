"""Pictures of a plan: learning rates, mixture, memory."""

from __future__ import annotations

from itertools import accumulate, pairwise

from manifests.report.axis_scale import Plot, Scale
from manifests.report.figure import Figure, Line, Rect, Text, legend
from manifests.report.number_format import share, short, size
from manifests.report.stage_grounds import draw_stages
from manifests.report.training import language_of
from manifests.schema.plan import Plan, PlannedMemory, PlannedStage

_LEFT, _RIGHT, _WIDTH = 62.0, 1066.0, 1080.0
_NAMES, _VALUES, _ROW = 270.0, 170.0, 30.0
PARTS = {
    "weights": "en",
    "gradients": "zh",
    "optimizer": "code",
    "activations": "accent",
    "working": "other",
}
"""Of a GPU's memory, with their colours."""


def rate_picture(plan: Plan) -> Figure:
    """The learning rate over the steps."""
    height = 240.0
    figure = Figure("Learning rate by step", _WIDTH, height)
    most = max((rate for _, rate in plan.rates), default=0.0) or 1.0
    plot = Plot(Scale(0, max(plan.steps, 1), _LEFT, _RIGHT), Scale(0, most * 1.04, height - 24, 26))
    spans = [(stage.name, stage.first + 1, stage.first + stage.steps) for stage in _trained(plan)]
    draw_stages(figure, plot, spans)
    plot.grid(figure)
    for name, first, last in spans:
        points = [(step, rate) for step, rate in plan.rates if first <= step + 1 <= last]
        title = f"{name}: {points[0][1]:.3g} to {points[-1][1]:.3g}, at most {max(r for _, r in points):.3g}"
        figure.add(Line([(plot.x(step + 1), plot.y(rate)) for step, rate in points], "curve", title))
    return figure


def mixture_picture(plan: Plan) -> Figure:
    """Shares of the sets over the tokens read, one above the other."""
    height = 240.0
    figure = Figure("Mixture of the sets by tokens read", _WIDTH, height)
    plot = Plot(Scale(0, max(plan.tokens, 1), _LEFT, _RIGHT), Scale(0, 1, height - 24, 30))
    names = sorted({name for _, shares in plan.mixture for name in shares})
    totals = list(accumulate((stage.tokens for stage in plan.stages), initial=0))
    for stage, (start, end) in zip(plan.stages, pairwise(totals), strict=True):
        # The points of a stage lie at the beginnings of steps; the last one holds to the stage's end.
        points = [(tokens, shares) for tokens, shares in plan.mixture if start <= tokens < end]
        _layers(figure, plot, stage, [*points, *((end, shares) for _, shares in points[-1:])], names)
    plot.grid(figure)
    for boundary in totals[1:-1]:
        x = plot.x(boundary)
        figure.add(Line([(x, plot.y.end), (x, plot.y.start)], "switch"))
    legend(figure, _LEFT, 16, [(_colour(name), name) for name in names])
    return figure


def _layers(
    figure: Figure,
    plot: Plot,
    stage: PlannedStage,
    points: list[tuple[int, dict[str, float]]],
    names: list[str],
) -> None:
    below = [0.0] * len(points)
    for name in names if points else ():
        above = [low + shares.get(name, 0.0) for low, (_, shares) in zip(below, points, strict=True)]
        if above != below:
            edge = [(plot.x(tokens), plot.y(top)) for (tokens, _), top in zip(points, above, strict=True)]
            back = [(plot.x(tokens), plot.y(low)) for (tokens, _), low in zip(points, below, strict=True)]
            parts = [top - low for top, low in zip(above, below, strict=True)]
            title = f"{stage.name}: {name} {share(min(parts), 1)} to {share(max(parts), 1)}"
            figure.add(Line([*edge, *reversed(back)], f"layer {_colour(name)}", title, closed=True))
        below = above


def memory_picture(plan: Plan) -> Figure:
    """A bar a layout, as long as what a GPU holds in a step, against the GPU's memory."""
    rows = sorted(plan.layouts, key=lambda one: (one.zero, one.recompute, one.offload))
    figure = Figure("Memory of a GPU by layout", _WIDTH, 48 + _ROW * len(rows))
    most = max([plan.cluster.memory, *(one.memory.gpu for one in rows)])
    x = Scale(0, most, _NAMES, _WIDTH - _VALUES)
    legend(figure, _NAMES, 16, [(style, part) for part, style in PARTS.items()])
    for row, one in enumerate(rows):
        y = 32 + row * _ROW
        figure.add(Text(_NAMES - 10, y + 15, one.name, "label", "end"))
        _bar(figure, x, y, one.memory)
        told = f"{size(one.memory.gpu)}{'' if one.fits else ', does not fit'}"
        told += " at the start" if one.memory.start > one.memory.step else ""
        figure.add(Text(x(one.memory.gpu) + 6, y + 15, told, "label"))
    end, bottom = x(plan.cluster.memory), 34 + _ROW * len(rows)
    figure.add(Line([(end, 26), (end, bottom)], "budget", f"a GPU has {size(plan.cluster.memory)}"))
    return figure


def _bar(figure: Figure, x: Scale, y: float, memory: PlannedMemory) -> None:
    ends = list(accumulate((getattr(memory, part) for part in PARTS), initial=0))
    for (part, style), (start, end) in zip(PARTS.items(), pairwise(ends), strict=True):
        figure.add(Rect(x(start), y, x(end) - x(start), 20, style, f"{part}: {size(end - start)}"))
    if memory.start > memory.step:
        figure.add(Line([(x(memory.start), y), (x(memory.start), y + 20)], "threshold all"))


def _trained(plan: Plan) -> list[PlannedStage]:
    return [stage for stage in plan.stages if stage.steps]


def _colour(name: str) -> str:
    """That of the set's language; paler for pairs."""
    language = language_of(name)
    known = language if language in ("en", "zh", "code") else "other"
    return f"{known} pairs" if "_" in name else known


def days_text(days: float) -> str:
    """``29.6 days``, or hours or minutes where there are few."""
    for unit, length in (("days", 1.0), ("hours", 24.0), ("minutes", 1440.0)):
        if days * length >= 1:
            return f"{short(days * length)} {unit}"
    return f"{days * 86_400:.2g} seconds"
