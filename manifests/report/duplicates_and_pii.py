"""What deduplication and privacy found: clusters of duplicates by size, personal data by kind."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from manifests.report.figure import Figure, Line, Rect, Text, legend
from manifests.report.funnel import COLUMNS, OTHER, column
from manifests.report.number_format import count, plain
from manifests.report.run_record import RunRecord

_RANGES = ((2, 2), (3, 3), (4, 4), (5, 5), (6, 10), (11, 20), (21, 50), (51, 100), (101, 1000), (1001, None))


def cluster_sizes(record: RunRecord) -> dict[int, int]:
    """Clusters of duplicates by their number of documents."""
    return {int(size): clusters for (size,), clusters in record.metrics("dedup", "clusters").items()}


def clusters(sizes: Mapping[int, int]) -> Figure:
    """A bar for each range of sizes; heights are logarithmic, since sizes follow a power law."""
    figure = Figure("Clusters of duplicates by size", 520, 240)
    found = []
    for low, high in _RANGES:
        inside = sum(
            number for size, number in sizes.items() if size >= low and (high is None or size <= high)
        )
        if inside:
            found.append(
                (f"{low:,}+" if high is None else f"{low}" if low == high else f"{low}–{high}", inside)
            )
    peak = math.log10(max((number for _, number in found), default=1)) + 0.35
    width = min(500 / max(len(found), 1), 110)
    for index, (name, number) in enumerate(found):
        x, height = 10 + index * width, (math.log10(number) + 0.35) / peak * 170
        figure.add(
            Rect(
                x + 5,
                205 - height,
                width - 10,
                height,
                "accent",
                f"{count(number)} clusters of {name} documents",
            ),
            Text(x + width / 2, 198 - height, count(number), "value", "middle"),
            Text(x + width / 2, 223, name, "tick", "middle"),
        )
    figure.add(Line([(10, 205), (10 + width * len(found), 205)], "axis"))
    return figure


def personal_data(record: RunRecord) -> dict[str, Counter[str]]:
    """What the privacy step found: kind -> language column -> number, the most frequent kind first."""
    found: dict[str, Counter[str]] = {}
    for name, number in record.metrics("privacy", "found").items():
        if len(name) == 2:
            found.setdefault(name[0], Counter())[column(name[1])] += number
    return dict(sorted(found.items(), key=lambda item: (-item[1].total(), item[0])))


def personal_data_by_source(record: RunRecord) -> dict[str, Counter[str]]:
    """What the privacy step found: source -> kind -> number."""
    found: dict[str, Counter[str]] = {}
    for name, number in record.metrics("privacy", "found").items():
        if len(name) == 3 and name[1] == "source":
            found.setdefault(name[2], Counter())[name[0]] += number
    return dict(sorted(found.items(), key=lambda item: (-item[1].total(), item[0])))


def privacy(found: Mapping[str, Counter[str]]) -> Figure:
    """A bar for each kind, cut by language."""
    figure = Figure("Personal data found, by kind and language", 520, 30 * len(found) + 34)
    legend(figure, 110, 14, [(name, name) for name in COLUMNS if name != OTHER])
    whole = max((counts.total() for counts in found.values()), default=1) or 1
    for row, (kind, counts) in enumerate(found.items()):
        y, x = 28 + row * 30, 110.0
        figure.add(Text(x - 10, y + 16, plain(kind), "name", "end"))
        for language in COLUMNS:
            if counts[language]:
                width = max(counts[language] / whole * 320, 1)
                figure.add(
                    Rect(x, y + 2, width, 20, language, f"{kind}, {language}: {count(counts[language])}")
                )
                x += width
        figure.add(Text(x + 8, y + 17, count(counts.total()), "value"))
    return figure
