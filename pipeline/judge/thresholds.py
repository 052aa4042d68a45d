"""Thresholds out of trusted text's own statistics, at a loss that one is ready to bear.

FineWeb2 (arXiv 2506.20920) compares such methods when it carries English thresholds over to other languages;
here there is no language to carry over from, and the loss takes its place.

- ``quantile``: the value beyond which a share of the trusted documents lies.
- ``deviation``: so many standard deviations from the mean as that share is away in a normal distribution.
- ``tenth``: the tenth percentile, or the ninetieth, whatever the loss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Literal

import numpy as np

from manifests.schema.rules import Rule
from pipeline.judge.measured_documents import MeasuredDocuments
from pipeline.judge.verdicts import judges, verdict

Method = Literal["quantile", "deviation", "tenth"]
TENTH = 0.1
DIGITS = 3
"""Significant digits of a threshold; it is rounded away from the trusted text."""
_HALVINGS = 24
"""Of the interval in which each rule's share of the loss is sought."""


def threshold(values: np.ndarray, share: float, upper: bool, method: Method) -> float | None:
    """A bound that ``share`` of the values are to break, or None where none is finite.

    Args:
        values: a signal of trusted documents.
        upper: whether it is the greatest value that is kept, or the least.
    """
    known = values[np.isfinite(values)].astype(np.float64)
    if not len(known):
        return None
    if method == "deviation":
        away = known.std() * NormalDist().inv_cdf(1 - max(share, 1e-9))
        found = known.mean() + away if upper else known.mean() - away
    else:
        part = TENTH if method == "tenth" else share
        found = np.quantile(known, 1 - part if upper else part, method="higher" if upper else "lower")
    return _rounded(float(found), upper)


def _rounded(value: float, upper: bool) -> float:
    if value == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(value))) + 1 - DIGITS)
    return float(f"{(math.ceil if upper else math.floor)(round(value / unit, 6)) * unit:.{DIGITS}g}")


def fitted(documents: MeasuredDocuments, rules: Sequence[Rule], loss: float, method: Method) -> list[Rule]:
    """The rules with thresholds for which trusted documents lose at most ``loss`` of each language, all rules
    together (``tenth``: whatever it is); every bound takes the same share. A rule of several languages
    becomes one for each, and keeps the bounds that it has in company where they are nearer than those; one
    that has none but these stays as it is. A signal that no trusted document has gives no rule.
    """
    languages = sorted({str(language) for rule in rules for language in rule.languages})
    found = []
    for language in languages:
        mine = documents.taken(documents.languages == language)
        fit = _fit(mine, [rule for rule in rules if language in rule.languages], language, method)
        found += fit(TENTH if method == "tenth" else _greatest_share(mine, fit, loss))
    order = {rule.name: place for place, rule in reversed(list(enumerate(rules)))}
    return sorted(found, key=lambda rule: order[rule.name])


def _fit(
    documents: MeasuredDocuments, rules: Sequence[Rule], language: str, method: Method
) -> Callable[[float], list[Rule]]:
    values = [documents.signals[rule.signal][judges(documents, rule)] for rule in rules]

    def fit(share: float) -> list[Rule]:
        found = []
        for rule, known in zip(rules, values, strict=True):
            bounds = {
                side: threshold(known, share, side == "max", method)
                for side in ("min", "max")
                if getattr(rule, side) is not None
            }
            if not bounds or any(bound is not None for bound in bounds.values()):
                found.append(rule.model_copy(update={"languages": (language,)}).bounded(**bounds))
        return found

    return fit


def _greatest_share(documents: MeasuredDocuments, fit: Callable[[float], list[Rule]], loss: float) -> float:
    """The share of each bound for which all of them together lose at most ``loss``."""
    low, high = 0.0, loss
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if share_dropped(documents, fit(middle)) <= loss:
            low = middle
        else:
            high = middle
    return low


def share_dropped(documents: MeasuredDocuments, rules: Sequence[Rule]) -> float:
    """The share of documents that break any of the rules; 0 of none."""
    if not len(documents.languages):
        return 0.0
    return float(verdict(documents, rules).mean())
