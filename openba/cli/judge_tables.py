"""A quality report as tables, and a calibration as rules in YAML."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from rich.markup import escape
from rich.table import Table

from manifests.output import printable
from manifests.trusted_loss import MOST_LOSS
from pipeline.judge.calibration import Calibration, Proposal

SIGNALS = 12
"""The strongest signals are shown."""


def tables(report: Mapping[str, Any]) -> Iterator[Table]:
    """Trusted sources, junk, rules and signals, in this order. Rules that drop nothing are left out."""
    yield _trusted(report)
    yield _junk(report["junk_caught"])
    yield _rules(report["rules"])
    yield _signals(report["signals"])


def warnings(report: Mapping[str, Any]) -> Iterator[str]:
    """Each rule that drops too much of a trusted source, followed by examples."""
    for rule, found in report["rules"].items():
        for source, examples in found["examples"].items():
            yield f"warning: {rule} drops {percent(found['sources'][source])} of the trusted source {source}:"
            yield from (f"  {one['id']}: {' '.join(one['text'].split())}" for one in examples)


def percent(share: float) -> str:
    """A share as per cent; a dot for none."""
    return f"{100 * share:.1f} %" if share else "·"


def _loss(share: float) -> str:
    return f"[red]{percent(share)}[/red]" if share > MOST_LOSS else percent(share)


def _table(title: str, names: list[str], numbers: list[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _trusted(report: Mapping[str, Any]) -> Table:
    table = _table("What is lost of trusted sources", ["source"], ["documents", "lost"])
    for source, share in report["trusted_loss"].items():
        table.add_row(printable(source), f"{report['documents'][source]:,}", _loss(share))
    return table


def _junk(caught: Mapping[str, Mapping[str, float]]) -> Table:
    table = _table("What is caught of junk", ["kind"], list(caught))
    for kind in dict.fromkeys(kind for kinds in caught.values() for kind in kinds):
        table.add_row(kind.replace("_", " "), *(percent(kinds.get(kind, 0)) for kinds in caught.values()))
    return table


def _rules(rules: Mapping[str, Mapping[str, Any]]) -> Table:
    table = _table("Rules", ["rule"], ["trusted lost", "worst source", "junk caught"])
    for name, found in sorted(rules.items(), key=lambda item: -item[1]["trusted_loss"]):
        if found["sources"] or found["junk"]:
            worst = max(found["sources"].values(), default=0.0)
            table.add_row(
                escape(printable(name)),
                percent(found["trusted_loss"]),
                _loss(worst),
                percent(found["junk_caught"]),
            )
    return table


def _signals(signals: Mapping[str, Mapping[str, Any]]) -> Table:
    title = f"Signals that could catch most, each at a loss of {percent(MOST_LOSS)} by itself"
    table = _table(title, ["signal", "language"], ["bound", "trusted lost", "junk caught"])
    rows = [(name, language, one) for name, found in signals.items() for language, one in found.items()]
    for name, language, one in sorted(rows, key=lambda row: -row[2]["junk_caught"])[:SIGNALS]:
        side = "min" if "min" in one else "max"
        bound = f"{side} {one[side]:g}"
        table.add_row(name, language, bound, percent(one["trusted_loss"]), percent(one["junk_caught"]))
    return table


def rules_yaml(calibration: Calibration, about: str) -> str:
    """The proposals as the ``rules`` of a manifest's ``quality``, with what they do as comments."""
    lines = [f"# {about}"]
    for language, share in calibration.trusted_loss.items():
        documents = f"{calibration.documents[language]:,} documents that set no threshold"
        lines.append(f"# {language}: {percent(share)} of trusted text lost, judged on {documents}")
    lines += ["rules:", *(_proposal(one) for one in calibration.proposals)]
    for language, kinds in calibration.junk_missed.items():
        missed = ", ".join(
            f"{kind.replace('_', ' ')} {percent(share)}"
            for kind, share in sorted(kinds.items(), key=lambda item: -item[1])
            if share
        )
        lines.append(f"# {language} junk that these rules miss: {missed or 'none'}")
    return "\n".join(lines)


def _proposal(proposal: Proposal) -> str:
    keys = proposal.rule.model_dump(mode="json", exclude_defaults=True)
    rule = yaml.safe_dump(keys, default_flow_style=True, sort_keys=False, allow_unicode=True, width=math.inf)
    before = " to ".join(f"{value:g}" for value in proposal.before if value is not None) or "the same"
    did = f"{percent(proposal.trusted_loss)} of trusted text, {percent(proposal.junk_caught)} of junk"
    return f"  - {rule.strip()}    # drops {did}; was {before}"
