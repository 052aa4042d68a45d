"""Stages as shaded grounds behind a curve."""

from __future__ import annotations

from collections.abc import Sequence

from manifests.report.axis_scale import Plot
from manifests.report.figure import Figure, Line, Rect, Text
from manifests.report.number_format import count


def draw_stages(
    figure: Figure, plot: Plot, spans: Sequence[tuple[str, int, int]], unit: str = "step"
) -> None:
    """Draws the ground of each stage (name, first and last value of x) over the plot's height, its name above
    where there is room for it, and a mark where it takes the place of another one."""
    top, bottom = plot.y.end - 4, plot.y.start
    ends = [last for _, _, last in spans]
    for index, (name, first, last) in enumerate(spans):
        start, end = plot.x(first if index == 0 else ends[index - 1]), plot.x(last)
        title = f"{name}: {unit}s {count(first)} to {count(last)}"
        figure.add(Rect(start, top, end - start, bottom - top, f"stage stage-{index % 2}", title))
        if index:
            figure.add(
                Line([(start, top), (start, bottom)], "switch", f"{name} begins at {unit} {count(first)}")
            )
        if end - start > 7 * len(name):
            figure.add(Text((start + end) / 2, top - 7, name, "name", "middle"))
