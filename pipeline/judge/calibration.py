"""Thresholds proposed for a corpus's rules, with what they then lose and miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from manifests.schema.rules import Rule
from pipeline.judge.halves import first_half
from pipeline.judge.judgement import by_kind, share
from pipeline.judge.junk_sources import junk_kind
from pipeline.judge.measured_documents import MeasuredDocuments
from pipeline.judge.thresholds import Method, fitted
from pipeline.judge.verdicts import dropped, verdicts


@dataclass(frozen=True)
class Proposal:
    """A rule with its new bounds; the old ones; shares, among the documents in its language, of trusted text
    that it drops and of junk that it catches."""

    rule: Rule
    before: tuple[float | None, float | None]
    trusted_loss: float
    junk_caught: float


@dataclass(frozen=True)
class Calibration:
    """Proposals, and what all of them together lose of each language's trusted text and miss of each
    language's junk, by kind. ``documents``: trusted ones that they were judged on, by language."""

    proposals: tuple[Proposal, ...]
    documents: Mapping[str, int]
    trusted_loss: Mapping[str, float]
    junk_missed: Mapping[str, Mapping[str, float]]


def calibrated(
    documents: MeasuredDocuments,
    rules: Sequence[Rule],
    trusted: Sequence[str],
    loss: float,
    method: Method,
) -> Calibration:
    """Thresholds are set on one half of the trusted documents; what they lose is said of the other."""
    good = np.isin(documents.sources, list(trusted))
    setting = good & first_half(documents.table.column("id").to_pylist())
    proposed = fitted(documents.taken(setting), rules, loss, method)
    measured = np.array([reason is None for reason in documents.lost], bool)
    rest = documents.taken(measured & ~setting)
    good, bad = good[measured & ~setting], _junk(rest)
    broken = verdicts(rest, proposed)
    any_ = dropped(broken, len(good))
    languages = {str(name): rest.languages == name for name in sorted(set(rest.languages[good]))}
    return Calibration(
        tuple(
            _proposal(
                rule, rules, broken[rule.name], (good & mine, np.logical_or.reduce(list(bad.values())) & mine)
            )
            for rule in proposed
            for mine in [languages.get(rule.languages[0], ~good & good)]
        ),
        {name: int((mask & good).sum()) for name, mask in languages.items()},
        {name: share(any_, mask & good) for name, mask in languages.items()},
        by_kind({name: round(1 - share(any_, mask), 4) for name, mask in bad.items()}),
    )


def _junk(documents: MeasuredDocuments) -> dict[str, np.ndarray]:
    """Masks by source."""
    sources = documents.sources
    return {str(name): sources == name for name in sorted(set(sources)) if junk_kind(name)}


def _proposal(
    rule: Rule, rules: Sequence[Rule], broken: np.ndarray, good_and_bad: tuple[np.ndarray, np.ndarray]
) -> Proposal:
    same = [one for one in rules if one.name == rule.name and set(rule.languages) <= set(one.languages)]
    before = same[0]
    return Proposal(rule, (before.min, before.max), *(share(broken, mask) for mask in good_and_bad))
