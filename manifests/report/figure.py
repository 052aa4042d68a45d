"""A drawing as a list of marks; the template turns it into inline SVG. Units are pixels, the origin is at the
top left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rect:
    """A filled rectangle; ``title`` is what a pointer that rests on it shows."""

    x: float
    y: float
    width: float
    height: float
    style: str
    title: str = ""
    tag: str = "rect"


@dataclass(frozen=True)
class Line:
    """A path through points; ``closed`` fills it."""

    points: Sequence[tuple[float, float]]
    style: str
    title: str = ""
    closed: bool = False
    tag: str = "path"

    @property
    def d(self) -> str:
        """The path's data."""
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in self.points) + ("Z" if self.closed else "")


@dataclass(frozen=True)
class Dot:
    """A small circle."""

    x: float
    y: float
    style: str
    title: str = ""
    tag: str = "circle"


@dataclass(frozen=True)
class Text:
    """A line of text; ``anchor`` is start, middle or end."""

    x: float
    y: float
    text: str
    style: str = "label"
    anchor: str = "start"
    tag: str = "text"


Mark = Rect | Line | Dot | Text


@dataclass
class Figure:
    """An SVG image; ``label`` says to a screen reader what it shows."""

    label: str
    width: float
    height: float
    marks: list[Mark] = field(default_factory=list)

    def add(self, *marks: Mark) -> None:
        """Draws marks on top of those that are there."""
        self.marks.extend(marks)


def legend(figure: Figure, x: float, y: float, entries: Iterable[tuple[str, str]]) -> None:
    """Draws (style, text) pairs from left to right."""
    for style, text in entries:
        figure.add(Rect(x, y - 9, 12, 10, style), Text(x + 17, y, text, "label"))
        x += 17 + 7 * len(text) + 20
