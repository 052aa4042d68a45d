"""What each step was given, kept and rejected: the drawing, and the table of reasons."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from manifests.report.figure import Figure, Rect, Text, legend
from manifests.report.number_format import count, share, short
from manifests.report.run_record import RunRecord
from manifests.report.signals import thresholds
from manifests.schema.documents import LANGUAGES
from manifests.schema.reasons import REASONS
from manifests.schema.steps import KEPT, StepManifest

OTHER = "other"
COLUMNS = (*LANGUAGES, OTHER)
_LEFT, _BAR, _WIDTH, _ROW = 130.0, 590.0, 1080.0, 38.0


@dataclass(frozen=True)
class Reason:
    """A row of the table: documents rejected for one reason by language, and the bytes of their text.

    ``meaning`` is empty where only a step or reader of the user's knows it.
    """

    step: str
    name: str
    meaning: str
    by_language: dict[str, int]
    documents: int
    bytes: int


def column(language: str) -> str:
    """The table's column of a language: its own, or ``other`` for those that are unknown or not wanted."""
    return language if language in LANGUAGES else OTHER


def reasons(record: RunRecord) -> list[Reason]:
    """All reasons in the order of the steps, the most frequent first."""
    rows = []
    for step, manifest in record.steps.items():
        languages: dict[str, Counter[str]] = {}
        size: Counter[str] = Counter()
        for item in manifest.counts:
            if item.reason != KEPT:
                languages.setdefault(item.reason, Counter())[column(item.language)] += item.documents
                size[item.reason] += item.bytes
        meanings = REASONS.get(step, {}) | _bounds(manifest)
        found = [
            Reason(step, name, meanings.get(name, "").replace("``", ""), dict(by), by.total(), size[name])
            for name, by in languages.items()
        ]
        rows.extend(sorted(found, key=lambda reason: (-reason.documents, reason.name)))
    return rows


_SIDES = {"min": "at least", "max": "at most"}


def _bounds(manifest: StepManifest) -> dict[str, str]:
    """What each rule of a quality step asks for."""
    found: dict[str, list[str]] = {}
    for bound in thresholds(manifest):
        side, _, company = bound.bound.partition(" ")
        asked = f"{bound.signal} {_SIDES[side]} {short(bound.value)} ({', '.join(bound.languages)})"
        asked += f", {company} of another broken rule" if company else ""
        found.setdefault(bound.rule, []).append(asked)
    return {rule: "; ".join(asked) for rule, asked in found.items()}


def funnel(record: RunRecord) -> Figure:
    """A bar a step, as long as the documents it was given: kept ones by language, then rejected ones."""
    figure = Figure("Documents kept and rejected by each step", _WIDTH, _ROW * len(record.steps) + 34)
    whole = max((manifest.documents_in for manifest in record.steps.values()), default=0) or 1
    legend(
        figure,
        _LEFT,
        14,
        [(name, name if name != OTHER else "not known yet") for name in COLUMNS] + [("rejected", "rejected")],
    )
    for row, (step, manifest) in enumerate(record.steps.items()):
        y = 30 + row * _ROW
        figure.add(Text(_LEFT - 12, y + 18, step, "name", "end"))
        x = _LEFT
        kept = Counter[str]()
        for language, documents in record.documents(step, kept=True).items():
            kept[column(language)] += documents
        rejected = manifest.documents_in - manifest.documents_kept
        for style, documents in [*((name, kept[name]) for name in COLUMNS), ("rejected", rejected)]:
            if documents:
                width = max(documents / whole * _BAR, 1)
                figure.add(Rect(x, y + 2, width, _ROW - 14, style, f"{step}: {count(documents)} {style}"))
                x += width
        lost = f", {count(rejected)} rejected ({share(rejected, manifest.documents_in)})" if rejected else ""
        figure.add(Text(max(x, _LEFT) + 10, y + 18, f"{count(manifest.documents_kept)} kept{lost}", "value"))
    return figure
