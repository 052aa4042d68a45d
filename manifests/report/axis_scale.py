"""From values to pixels, and where the ticks are."""

from __future__ import annotations

import math
from dataclasses import dataclass

from manifests.report.figure import Figure, Line, Text
from manifests.report.number_format import short


@dataclass(frozen=True)
class Scale:
    """Maps ``low..high`` to the pixels ``start..end``, linearly."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / ((self.high - self.low) or 1) * (self.end - self.start)

    def ticks(self, about: int) -> list[float]:
        """Round values within the scale, near ``about`` of them: steps of 1, 2 or 5 times a power of ten
        (Heckbert 1990, Nice numbers)."""
        span = (self.high - self.low) or 1
        power = 10.0 ** math.floor(math.log10(span / about))
        step = next(factor * power for factor in (1, 2, 5, 10) if span / (factor * power) <= about * 1.01)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [index * step for index in range(first, last + 1)]


@dataclass(frozen=True)
class Plot:
    """The area of a chart with axes."""

    x: Scale
    y: Scale

    def grid(self, figure: Figure, x_ticks: int = 8, y_ticks: int = 4) -> None:
        """Draws horizontal grid lines with their values, and the values of x."""
        for value in self.y.ticks(y_ticks):
            y = self.y(value)
            figure.add(
                Line([(self.x.start, y), (self.x.end, y)], "grid"),
                Text(self.x.start - 6, y + 4, short(value), "tick", "end"),
            )
        for value in self.x.ticks(x_ticks):
            figure.add(Text(self.x(value), self.y.start + 16, short(value), "tick", "middle"))
        figure.add(Line([(self.x.start, self.y.start), (self.x.end, self.y.start)], "axis"))
