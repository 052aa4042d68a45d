"""Applies the manifest's rules to columns of signals. A rule is data; this is the only code that reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from manifests.schema.genres import genres
from manifests.schema.rules import Rule, Spared


class Verdicts(NamedTuple):
    """What the rules say of a batch of documents.

    ``reason`` string [documents]: the first broken rule's name, null for a document that breaks none;
    ``detail`` string [documents], such as ``mean_word_length 2.1 < 3``; ``broken`` list of strings
    [documents]: all broken rules, each with its detail, null as the reason is.
    """

    reason: pa.Array
    detail: pa.Array
    broken: pa.Array


def judge(
    signals: Mapping[str, np.ndarray], languages: np.ndarray, sources: np.ndarray, rules: Sequence[Rule]
) -> Verdicts:
    """Finds the rules that each document breaks, in the manifest's order.

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

    found = [(np.empty(0, np.int64), np.empty(0, object), "")]
    for rule in rules:
        here = concerned(rule.languages, rule.spare)
        found += [(*each, rule.name) for each in _broken(rule, signals[rule.signal], here)]
    return _by_document(found, len(languages))


def _by_document(found: Sequence[tuple[np.ndarray, np.ndarray, str]], documents: int) -> Verdicts:
    """From what each rule found: rows, details, and its name."""
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


def _broken(rule: Rule, values: np.ndarray, concerned: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of the documents that break each of a rule's bounds, and what was found there."""
    for bound, sign, breaks in ((rule.min, "<", np.less), (rule.max, ">", np.greater)):
        if bound is not None:
            # Compared as float32, the precision of the signals, so that a value written as 0.1 equals the
            # bound 0.1.
            rows = np.flatnonzero(concerned & breaks(values, np.float32(bound)))
            found = values[rows].astype(np.float64)
            yield rows, np.char.mod(f"{rule.signal} %.4g {sign} {bound:.6g}", found)
