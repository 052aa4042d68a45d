"""Pictures of a corpus's scale: where its walls stand, and where the time of the fleet goes."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise

from manifests.report.axis_scale import Scale as Axis
from manifests.report.figure import Figure, Line, Rect, Text, legend
from manifests.report.number_format import short
from manifests.schema.scale import Scale, ScaledStep

_WIDTH, _NAMES, _VALUES, _ROW = 1080.0, 330.0, 110.0, 30.0
PARTS = {
    "work": "en",
    "slow tasks": "zh",
    "idle at the end": "other",
    "store": "accent",
    "done again": "rejected",
    "driver": "code",
}
"""Of the fleet's time, with their colours."""


def wall_picture(scale: Scale) -> Figure:
    """A bar for each wall, up to the tokens at which it is met, by powers of ten."""
    rows = [*scale.walls, *scale.beyond]
    figure = Figure("Tokens at which each limit is met", _WIDTH, 40 + _ROW * len(rows))
    sizes = [scale.tokens, *(wall.tokens for wall in rows)]
    low, high = math.floor(math.log10(min(sizes))) - 1, math.ceil(math.log10(max(sizes)))
    x = Axis(low, max(high, low + 1), _NAMES, _WIDTH - _VALUES)
    for row, wall in enumerate(rows):
        y = 26 + row * _ROW
        end, style = x(math.log10(wall.tokens)), "zh" if wall in scale.walls else "en"
        figure.add(Text(_NAMES - 10, y + 15, wall.name.partition(",")[0], "label", "end"))
        figure.add(Rect(_NAMES, y, end - _NAMES, 20, style, f"{wall.name}: {short(wall.tokens)} tokens"))
        figure.add(Text(end + 6, y + 15, short(wall.tokens), "label"))
    here = x(math.log10(scale.tokens))
    figure.add(Line([(here, 20), (here, 30 + _ROW * len(rows))], "budget", "the size asked for"))
    figure.add(Text(here, 14, f"{short(scale.tokens)} tokens", "label", "middle"))
    return figure


def time_picture(scale: Scale) -> Figure:
    """A bar for each step, as long as its time, in the parts that the fleet's cores spend it with."""
    figure = Figure("Time of the fleet by step", _WIDTH, 40 + _ROW * len(scale.steps))
    most = max(step.wall_hours for step in scale.steps) or 1.0
    x = Axis(0, most, _NAMES / 2, _WIDTH - _VALUES)
    legend(figure, _NAMES / 2, 16, [(style, part) for part, style in PARTS.items()])
    for row, step in enumerate(scale.steps):
        y = 32 + row * _ROW
        figure.add(Text(_NAMES / 2 - 10, y + 15, step.step, "label", "end"))
        ends = list(accumulate(_hours(step), initial=0.0))
        for (part, style), (start, end) in zip(PARTS.items(), pairwise(ends), strict=True):
            figure.add(Rect(x(start), y, x(end) - x(start), 20, style, f"{part}: {short(end - start)} hours"))
        figure.add(Text(x(ends[-1]) + 6, y + 15, f"{step.wall_hours:.2g} h", "label"))
    return figure


def _hours(step: ScaledStep) -> list[float]:
    """The simulated time in the shares of the cores' seconds, then the driver's; as PARTS has them."""
    found = step.simulated
    work = step.core_hours * 3600
    seconds = [work, found.stragglers, found.tail, found.store, found.faults]
    every = sum(seconds) or 1.0
    return [*(found.seconds / 3600 * part / every for part in seconds), step.driver_hours]
