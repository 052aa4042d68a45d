"""Histograms of the quality signals, with the rules' thresholds drawn in."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from typing import Any

from manifests.report.figure import Figure, Line, Text
from manifests.report.number_format import count, plain, short
from manifests.report.run_record import RunRecord
from manifests.schema.documents import LANGUAGES
from manifests.schema.plugins import SignalPlugin
from manifests.schema.signals import SIGNALS, histogram_edges
from manifests.schema.steps import StepManifest

_LEFT, _TOP, _WIDTH, _HEIGHT = 8.0, 12.0, 344.0, 104.0


@dataclass(frozen=True)
class Threshold:
    """A bound of a rule, for its languages; ``bound`` says whether it is the least or the greatest value, and
    whether of a document that breaks another rule of the family, too."""

    rule: str
    signal: str
    languages: tuple[str, ...]
    value: float
    bound: str


@dataclass(frozen=True)
class Panel:
    """A signal's histogram; ``thresholds`` are those of its rules."""

    signal: str
    meaning: str
    figure: Figure
    thresholds: tuple[Threshold, ...]

    @property
    def title(self) -> str:
        """The signal's name in words."""
        return plain(self.signal)


def thresholds(manifest: StepManifest) -> list[Threshold]:
    """All bounds in the settings of the quality step."""
    return [
        Threshold(rule["name"], rule["signal"], tuple(rule["languages"]), float(of[bound]), bound + where)
        for rule in _rules(manifest.settings)
        for of, where in ((rule, ""), (rule.get("company") or {}, " in company"))
        for bound in ("min", "max")
        if of.get(bound) is not None
    ]


def _rules(settings: dict[str, Any]) -> list[dict[str, Any]]:
    return list(settings.get("rules", settings.get("quality", {}).get("rules", ())))


def _user_signals(manifest: StepManifest) -> list[SignalPlugin]:
    return [SignalPlugin.model_validate(entry) for entry in manifest.settings.get("signals", ())]


def position(edges: tuple[float, ...], value: float) -> float:
    """Where a value is on an axis on which bin k fills k..k+1; the open last bin is entered in its
    middle."""
    index = bisect.bisect_right(edges, value)
    if index == len(edges):
        return index + (0.5 if value > edges[-1] else 0.0)
    low = edges[index - 1] if index else min(0.0, value)
    return index + (value - low) / (edges[index] - low)


def panels(record: RunRecord) -> list[Panel]:
    """A panel for each signal that was counted, those that a rule uses first."""
    if "quality" not in record.steps:
        return []
    bounds = thresholds(record.steps["quality"])
    bins: dict[str, dict[str, dict[int, int]]] = {}
    for (signal, language, index), documents in record.metrics("quality", "histogram").items():
        bins.setdefault(signal, {}).setdefault(language, {})[int(index)] = documents
    made = []
    own = {signal.name: signal for signal in _user_signals(record.steps["quality"])}
    for signal in (name for name in (*SIGNALS, *own) if name in bins):
        mine = tuple(bound for bound in bounds if bound.signal == signal)
        edges = own[signal].edges if signal in own else histogram_edges(signal)
        meaning = f"plug-in {own[signal].use}" if signal in own else SIGNALS[signal].replace("``", "")
        made.append(Panel(signal, meaning, _draw(signal, edges, bins[signal], mine), mine))
    return sorted(made, key=lambda panel: not panel.thresholds)


def _draw(
    signal: str,
    edges: tuple[float, ...],
    bins: dict[str, dict[int, int]],
    bounds: tuple[Threshold, ...],
) -> Figure:
    figure = Figure(f"Histogram of {plain(signal)} by language", _WIDTH + 2 * _LEFT, _TOP + _HEIGHT + 24)
    places = [position(edges, bound.value) for bound in bounds]
    used = [index for counts in bins.values() for index, documents in counts.items() if documents]
    first = min([*used, *(math.floor(place) for place in places)], default=0)
    last = max([*(index + 1 for index in used), *(math.ceil(place) for place in places)], default=1)
    unit = _WIDTH / max(last - first, 1)
    bottom = _TOP + _HEIGHT
    peak = max(
        (
            counts[index] / sum(counts.values())
            for counts in bins.values()
            for index in counts
            if counts[index]
        ),
        default=1.0,
    )
    for language in sorted(bins, key=_order):
        whole = sum(bins[language].values()) or 1
        points = [(_LEFT, bottom)]
        for index in range(first, last):
            y = bottom - math.sqrt(bins[language].get(index, 0) / whole / peak) * _HEIGHT
            points += [(_LEFT + (index - first) * unit, y), (_LEFT + (index - first + 1) * unit, y)]
        points.append((_LEFT + _WIDTH, bottom))
        figure.add(Line(points, f"area {language}", f"{language}: {count(whole)} documents", closed=True))
    figure.add(Line([(_LEFT, bottom), (_LEFT + _WIDTH, bottom)], "axis"))
    for bound, place in zip(bounds, places, strict=True):
        x = _LEFT + (place - first) * unit
        style = bound.languages[0] if len(bound.languages) == 1 else "all"
        title = f"{bound.rule}: {bound.bound} {bound.value:g} for {', '.join(bound.languages)}"
        figure.add(Line([(x, _TOP - 8), (x, bottom + 4)], f"threshold {style}", title))
    step = max(1, math.ceil((last - first) / 7))
    for index in range(first + (first == 0), last + 1, step):
        if 1 <= index <= len(edges):
            anchor = "start" if index == first else "end" if index == last else "middle"
            figure.add(
                Text(_LEFT + (index - first) * unit, bottom + 17, short(edges[index - 1]), "tick", anchor)
            )
    return figure


def _order(language: str) -> int:
    return LANGUAGES.index(language) if language in LANGUAGES else len(LANGUAGES)
