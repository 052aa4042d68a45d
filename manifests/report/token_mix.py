"""What the training sets hold, by source, against their budgets."""

from __future__ import annotations

from dataclasses import dataclass

from manifests.report.figure import Figure, Line, Rect, Text
from manifests.report.number_format import count, short
from manifests.schema.shards import ShardManifest, SourceShare, TokenSet

_LEFT, _BAR, _WIDTH, _ROW = 130.0, 650.0, 1080.0, 44.0
_SHADES = 4


@dataclass(frozen=True)
class SourceRow:
    """A source's share of a set."""

    set: TokenSet
    source: SourceShare

    @property
    def share(self) -> float:
        """0..1 of the set's tokens."""
        return self.source.tokens / self.set.tokens if self.set.tokens else 0.0


def ordered(token_set: TokenSet) -> list[SourceShare]:
    """The sources that gave something, the greatest first."""
    return sorted(
        (source for source in token_set.sources if source.tokens),
        key=lambda source: (-source.tokens, source.name),
    )


def source_rows(shards: ShardManifest) -> list[SourceRow]:
    """The table's rows."""
    return [
        SourceRow(token_set, source) for token_set in shards.sets.values() for source in ordered(token_set)
    ]


def mix(shards: ShardManifest) -> Figure:
    """A bar a set, as long as its tokens and cut by source, with a mark at the budget."""
    figure = Figure(
        "Tokens of each training set by source, against the budget", _WIDTH, _ROW * len(shards.sets) + 8
    )
    whole = (
        max((max(token_set.tokens, token_set.budget or 0) for token_set in shards.sets.values()), default=0)
        or 1
    )
    for row, (name, token_set) in enumerate(shards.sets.items()):
        y = 8 + row * _ROW
        figure.add(Text(_LEFT - 12, y + 18, name, "name", "end"))
        x = _LEFT
        for index, source in enumerate(ordered(token_set)):
            width = source.tokens / whole * _BAR
            title = f"{name}: {source.name}, {count(source.tokens)} tokens"
            figure.add(Rect(x, y + 2, width, 24, f"{token_set.language} shade-{index % _SHADES}", title))
            if width > 8 * len(source.name) + 12:
                figure.add(Text(x + 7, y + 18, source.name, "inside"))
            x += width
        if token_set.budget:
            mark = _LEFT + token_set.budget / whole * _BAR
            figure.add(
                Line(
                    [(mark, y - 3), (mark, y + 31)],
                    "budget",
                    f"budget of {name}: {count(token_set.budget)} tokens",
                )
            )
            x = max(x, mark)
        against = (
            f" of {short(token_set.budget)} ({100 * token_set.tokens / token_set.budget:.2f} %)"
            if token_set.budget
            else ""
        )
        figure.add(Text(x + 12, y + 18, count(token_set.tokens) + against, "value"))
    return figure
