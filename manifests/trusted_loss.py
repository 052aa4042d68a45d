"""Rules that drop text which the manifest itself trusts: its reference sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from manifests.border.arrow_files import open_table
from manifests.border.json_files import read_object
from manifests.files import safe_join
from manifests.schema.base import load
from manifests.schema.documents import REJECTED, some
from manifests.schema.steps import KEPT, StepManifest

MOST_LOSS = 0.02
"""A rule may drop this share of a trusted source without a warning."""
EXAMPLES = 3
QUALITY_REPORT = "quality-report.json"
"""Beside a run's steps; `openba quality-report` writes it."""


@dataclass(frozen=True)
class TrustedLoss:
    """A rule that drops more than ``MOST_LOSS`` of a trusted source. ``examples`` are ids of such
    documents."""

    rule: str
    source: str
    lost: int
    documents: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        share = f"{100 * self.lost / self.documents:.1f} %"
        such = f", such as {', '.join(self.examples)}" if self.examples else ""
        return (
            f"{self.rule} drops {share} of the trusted source {self.source} ({self.lost:,} of "
            f"{self.documents:,} documents){such}"
        )


def trusted_losses(folder: Path, manifest: StepManifest) -> list[TrustedLoss]:
    """What a finished quality step dropped too much of, the greatest share first. A document counts for the
    first rule that it broke.

    Args:
        folder: of the step.
    """
    trusted = set(manifest.settings.get("references", ()))
    whole: Counter[str] = Counter()
    lost: Counter[tuple[str, str]] = Counter()
    for count in manifest.counts:
        if count.source in trusted:
            whole[count.source] += count.documents
            lost[count.source, count.reason] += count.documents * (count.reason != KEPT)
    much = [
        TrustedLoss(rule, source, number, whole[source], tuple(_examples(folder, manifest, source, rule)))
        for (source, rule), number in lost.items()
        if number > MOST_LOSS * whole[source]
    ]
    return sorted(much, key=_worst_first)


def losses_of_run(run: Path) -> list[TrustedLoss]:
    """The same of a run folder: every rule by itself, as the run's quality report has it, if there is one;
    else as its quality step dropped documents. Nothing if neither has been made.

    Raises:
        ManifestError: the step's manifest is not valid.
    """
    report, step = run / QUALITY_REPORT, run / "quality"
    if report.exists():
        return _reported(read_object(report))
    if not (step / "manifest.json").exists():
        return []
    return trusted_losses(step, load(step / "manifest.json", StepManifest))


def _reported(report: dict[str, Any]) -> list[TrustedLoss]:
    found = []
    for rule, judged in report["rules"].items():
        for source, examples in judged["examples"].items():
            documents = report["documents"][source]
            lost = round(judged["sources"][source] * documents)
            found.append(TrustedLoss(rule, source, lost, documents, tuple(one["id"] for one in examples)))
    return sorted(found, key=_worst_first)


def _worst_first(loss: TrustedLoss) -> tuple[float, str, str]:
    return -loss.lost / loss.documents, loss.rule, loss.source


def _examples(folder: Path, manifest: StepManifest, source: str, rule: str) -> list[str]:
    found: list[str] = []
    for path in _rejects(folder, manifest, source, rule):
        names = ["id", "source", "reason"]
        table = open_table(path, some(REJECTED, *names), names)
        chosen = pc.and_(pc.equal(table.column("source"), source), pc.equal(table.column("reason"), rule))
        found += table.filter(chosen).column("id").slice(0, EXAMPLES - len(found)).to_pylist()
        if len(found) == EXAMPLES:
            break
    return found


def _rejects(folder: Path, manifest: StepManifest, source: str, rule: str) -> Iterator[Path]:
    """The files of the parts that have any, as far as they were not redacted."""
    for part in manifest.parts:
        path = safe_join(folder, part.rejected.path)
        if any((count.source, count.reason) == (source, rule) for count in part.counts) and path.exists():
            yield path
