"""Applies the manifest's rules to columns of signals. A rule is data; this is the only code that reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from manifests.schema.genres import genres
from manifests.schema.rules import Bounds, Rule, Spared

ENOUGH_COMPANY = 2
"""Rules of a family that a document breaks by their nearer bounds, at least, where it breaks them at all."""


class Verdicts(NamedTuple):
    """What the rules say of a batch of documents.

    ``reason`` string [documents]: the first broken rule's name, null for a document that breaks none;
    ``detail`` string [documents], such as ``mean_word_length 2.1 < 3``; ``broken`` list of strings
    [documents]: all broken rules, each with its detail, null as the reason is.
    """

    reason: pa.Array
    detail: pa.Array
    broken: pa.Array


class Found(NamedTuple):
    """The documents that are beyond a bound of a rule: ``rows`` int64, and ``details`` of each, object."""

    rows: np.ndarray
    details: np.ndarray
    rule: str


class _Judged(NamedTuple):
    """A rule, its signal, and bool [documents]: those that it is for."""

    rule: Rule
    values: np.ndarray
    concerned: np.ndarray

    def beyond(self, bounds: Bounds) -> tuple[np.ndarray, np.ndarray]:
        """bool [documents] twice: which are below the least value, and above the greatest."""
        # Compared as float32, the precision of the signals, so that a value written as 0.1 equals the bound
        # 0.1.
        least, greatest = (np.float32(np.nan if bound is None else bound) for bound in bounds)
        return self.concerned & (self.values < least), self.concerned & (self.values > greatest)


def judge(
    signals: Mapping[str, np.ndarray], languages: np.ndarray, sources: np.ndarray, rules: Sequence[Rule]
) -> Verdicts:
    """Finds the rules that each document breaks, in the manifest's order; arguments as ``broken_rules``."""
    found = [Found(np.empty(0, np.int64), np.empty(0, object), "")]
    return _by_document(found + broken_rules(signals, languages, sources, rules), len(languages))


def broken_rules(
    signals: Mapping[str, np.ndarray], languages: np.ndarray, sources: np.ndarray, rules: Sequence[Rule]
) -> list[Found]:
    """What each bound of each rule finds, in the manifest's order.

    Args:
        signals: float32 [documents] by name; NaN (no meaning, or not computed) breaks no rule.
        languages: object [documents] of language names or None.
        sources: object [documents] of the sources' names.
        rules: bounds are inclusive: a value equal to ``min`` or ``max`` passes.
    """
    genre = genres(signals) if any(rule.spare.genres for rule in rules) else np.full(len(languages), None)

    @cache  # many rules are for the same documents
    def concerned(of: tuple[str, ...], spare: Spared) -> np.ndarray:
        spared = np.isin(genre, spare.genres) | np.isin(sources, spare.sources)
        return np.isin(languages, of) & ~spared

    judged = [_Judged(rule, signals[rule.signal], concerned(rule.languages, rule.spare)) for rule in rules]
    accompanied = _accompanied(judged)
    return [found for one in judged for found in _found(one, accompanied)]


def _accompanied(judged: Sequence[_Judged]) -> dict[str, np.ndarray]:
    """bool [documents] by family: which are beyond the nearer bounds of rules of ``ENOUGH_COMPANY`` names."""
    near: dict[str, dict[str, np.ndarray]] = {}
    for one in judged:
        if one.rule.company is not None:
            by_name = near.setdefault(one.rule.company.family, {})
            beyond = np.logical_or(*one.beyond(one.rule.nearer))
            by_name[one.rule.name] = by_name.get(one.rule.name, False) | beyond
    return {family: np.sum([*by_name.values()], axis=0) >= ENOUGH_COMPANY for family, by_name in near.items()}


def _found(one: _Judged, accompanied: Mapping[str, np.ndarray]) -> list[Found]:
    """By the rule's own bounds, and within them by the nearer ones, where there is company."""
    rule, found = one.rule, []
    company = accompanied[rule.company.family] if rule.company is not None else False
    sides = zip("<>", one.beyond(rule.own), one.beyond(rule.nearer), rule.own, rule.nearer, strict=True)
    for sign, far, near, bound, nearer in sides:
        for mask, limit, how in ((far, bound, ""), (near & company & ~far, nearer, " in company")):
            rows = np.flatnonzero(mask)
            if len(rows):
                form = f"{rule.signal} %.4g {sign} {limit:.6g}{how}"
                found.append(Found(rows, np.char.mod(form, one.values[rows].astype(np.float64)), rule.name))
    return found


def _by_document(found: Sequence[Found], documents: int) -> Verdicts:
    rows = np.concatenate([rows for rows, *_ in found])
    order = np.argsort(rows, kind="stable")
    names = np.concatenate([np.full(len(rows), name, object) for rows, _, name in found])[order]
    details = np.concatenate([details for _, details, _ in found]).astype(object)[order]
    number = np.bincount(rows, minlength=documents)
    offsets = np.concatenate([[0], np.cumsum(number)]).astype(np.int32)
    kept = number == 0
    first = pa.array(offsets[:-1], mask=kept)
    values = pa.array(names + ": " + details, pa.string())
    broken = pa.ListArray.from_arrays(offsets, values, mask=pa.array(kept))
    reason, detail = (pa.array(column, pa.string()).take(first) for column in (names, details))
    return Verdicts(reason, detail, broken)
