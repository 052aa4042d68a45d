"""Which documents each rule drops, by the quality step's own code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from manifests.schema.rules import Rule
from pipeline.judge.measured_documents import MeasuredDocuments
from pipeline.steps.quality.rules import broken_rules


def verdicts(documents: MeasuredDocuments, rules: Sequence[Rule]) -> dict[str, np.ndarray]:
    """bool [documents] by rule, in the manifest's order, after the reasons of the steps before
    (``step/reason``). Rules of one name are one."""
    before = sorted({reason for reason in documents.lost if reason is not None})
    return {reason: documents.lost == reason for reason in before} | _by_name(documents, rules)


def verdict(documents: MeasuredDocuments, rules: Sequence[Rule]) -> np.ndarray:
    """bool [documents]: which break any of the rules."""
    return dropped(_by_name(documents, rules), len(documents.languages))


def _by_name(documents: MeasuredDocuments, rules: Sequence[Rule]) -> dict[str, np.ndarray]:
    masks = {rule.name: np.zeros(len(documents.languages), bool) for rule in rules}
    for found in broken_rules(documents.signals, documents.languages, documents.sources, rules):
        masks[found.rule][found.rows] = True
    return masks


def judges(documents: MeasuredDocuments, rule: Rule) -> np.ndarray:
    """bool [documents]: which a rule judges at all, since no bound can be kept by any."""
    return verdict(documents, [rule.model_copy(update={"min": None, "max": -np.inf, "company": None})])


def concerned(documents: MeasuredDocuments, rules: Sequence[Rule], name: str) -> np.ndarray:
    """bool [documents]: in a language of the rules of that name. A step before concerns all."""
    languages = {language for rule in rules if rule.name == name for language in rule.languages}
    if not any(rule.name == name for rule in rules):
        return np.ones(len(documents.languages), bool)
    return np.isin(documents.languages, sorted(languages))


def dropped(found: dict[str, np.ndarray], number: int) -> np.ndarray:
    """bool [``number`` documents]: by any of the verdicts."""
    return np.asarray(np.logical_or.reduce([*found.values(), np.zeros(number, bool)]), bool)
