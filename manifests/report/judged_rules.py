"""What `openba quality-report` found: the rules on trusted text and on junk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from manifests.report.run_record import RunRecord
from manifests.trusted_loss import MOST_LOSS, QUALITY_REPORT


@dataclass(frozen=True)
class JudgedRule:
    """A rule: shares, among the documents in its languages, of trusted text that it drops and of junk that it
    catches; its share of the source that loses most, and that source's name."""

    name: str
    trusted_loss: float
    junk_caught: float
    worst: float
    worst_source: str


@dataclass(frozen=True)
class GoodTextLost:
    """A rule that drops too much of a trusted source, with the beginnings of such documents by id."""

    rule: str
    source: str
    share: float
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class JudgedRules:
    """The section. ``sources``: name, documents, share lost; ``junk``: by kind, the share caught in each of
    ``languages``, or None; ``rules``: those that drop anything, the greatest trusted loss first."""

    sources: tuple[tuple[str, int, float], ...]
    languages: tuple[str, ...]
    junk: dict[str, tuple[float | None, ...]]
    rules: tuple[JudgedRule, ...]
    lost: tuple[GoodTextLost, ...]
    most: float = MOST_LOSS


def judged_rules(record: RunRecord) -> JudgedRules | None:
    """What a run folder's quality report says, if there is one."""
    path = record.folder / QUALITY_REPORT
    if not path.exists():
        return None
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    caught = report["junk_caught"]
    kinds = dict.fromkeys(kind for shares in caught.values() for kind in shares)
    rules = [_rule(name, one) for name, one in report["rules"].items() if one["sources"] or one["junk"]]
    return JudgedRules(
        tuple((name, report["documents"][name], loss) for name, loss in report["trusted_loss"].items()),
        tuple(caught),
        {kind: tuple(shares.get(kind) for shares in caught.values()) for kind in kinds},
        tuple(sorted(rules, key=lambda rule: -rule.trusted_loss)),
        tuple(
            GoodTextLost(
                name,
                source,
                one["sources"][source],
                tuple((found["id"], found["text"]) for found in examples),
            )
            for name, one in report["rules"].items()
            for source, examples in one["examples"].items()
        ),
    )


def _rule(name: str, one: dict[str, Any]) -> JudgedRule:
    source, worst = max(one["sources"].items(), key=lambda item: item[1], default=("", 0.0))
    return JudgedRule(name, one["trusted_loss"], one["junk_caught"], worst, source)
