"""What `openba quality-report` found: the rules on trusted text and on junk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from manifests.border.json_files import read_object
from manifests.report.run_record import RunRecord
from manifests.trusted_loss import MOST_LOSS, QUALITY_REPORT

Shares = tuple[float | None, ...]


@dataclass(frozen=True)
class JudgedRule:
    """A rule by itself: shares, among the documents in its languages, of junk that it catches and of trusted
    text that it drops; and its share of each trusted source, in their order."""

    name: str
    junk_caught: float
    trusted_loss: float
    sources: tuple[float, ...]


@dataclass(frozen=True)
class JudgedSource:
    """A trusted source: documents that were judged, the share that all rules together drop, and of its
    documents of each genre, in the order of ``genres``."""

    name: str
    documents: int
    lost: float
    genres: Shares


@dataclass(frozen=True)
class GoodTextLost:
    """A rule that drops too much of a trusted source, with the beginnings of such documents by id."""

    rule: str
    source: str
    share: float
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class JudgedRules:
    """The section. ``junk``: by kind, the share caught in each of ``languages``, or None; ``rules``: those
    that drop anything, the greatest trusted loss first."""

    sources: tuple[JudgedSource, ...]
    genres: tuple[str, ...]
    languages: tuple[str, ...]
    junk: dict[str, Shares]
    rules: tuple[JudgedRule, ...]
    lost: tuple[GoodTextLost, ...]
    most: float = MOST_LOSS


def judged_rules(record: RunRecord) -> JudgedRules | None:
    """What a run folder's quality report says, if there is one."""
    path = record.folder / QUALITY_REPORT
    if not path.exists():
        return None
    report: dict[str, Any] = read_object(path)
    caught = report["junk_caught"]
    kinds = dict.fromkeys(kind for shares in caught.values() for kind in shares)
    names = tuple(report["trusted_loss"])
    rules = [
        _rule(name, one, names) for name, one in report["rules"].items() if one["sources"] or one["junk"]
    ]
    by_genre: dict[str, dict[str, float]] = report.get("trusted_loss_by_genre", {})
    genres = sorted({genre for shares in by_genre.values() for genre in shares})
    return JudgedRules(
        tuple(
            JudgedSource(
                name,
                report["documents"][name],
                report["trusted_loss"][name],
                tuple(by_genre.get(name, {}).get(genre) for genre in genres),
            )
            for name in names
        ),
        tuple(genres),
        tuple(caught),
        {kind: tuple(shares.get(kind) for shares in caught.values()) for kind in kinds},
        tuple(sorted(rules, key=lambda rule: -rule.trusted_loss)),
        tuple(sorted(_lost(report["rules"]), key=lambda one: -one.share)),
    )


def _rule(name: str, one: dict[str, Any], sources: tuple[str, ...]) -> JudgedRule:
    shares = tuple(one["sources"].get(source, 0.0) for source in sources)
    return JudgedRule(name, one["junk_caught"], one["trusted_loss"], shares)


def _lost(rules: dict[str, Any]) -> list[GoodTextLost]:
    return [
        GoodTextLost(
            name, source, one["sources"][source], tuple((found["id"], found["text"]) for found in examples)
        )
        for name, one in rules.items()
        for source, examples in one["examples"].items()
    ]
