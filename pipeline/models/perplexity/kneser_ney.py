"""Interpolated modified Kneser-Ney, as KenLM's lmplz estimates it.

Chen and Goodman (1998), section 3.1 and equation 26; Heafield, Pouzyrevsky, Clark and Koehn (2013), section
3. With lmplz's choices: n-grams that begin with ``<s>`` keep their plain counts, unigrams are interpolated
   with the uniform distribution over all words with
``<unk>`` and without ``<s>``, nothing is pruned, and where the closed form has no discounts those of
``--discount_fallback`` stand in.
One difference: lmplz puts the last n-gram of each order into the counts of counts by its plain instead of its
adjusted count (adjust_counts.cc, the last ``stats.Add``); where the two differ its discounts do so in the
third or fourth digit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.models.perplexity.ngram_model import ModelBuilder
from pipeline.models.perplexity.ngrams import BEGIN, UNKNOWN, Ngrams, count

NOTHING = 1e-99
FALLBACK = np.array([0.0, 0.5, 1.0, 1.5])
BYTES_PER_TOKEN = 210
"""Of memory for order 4, where no n-gram comes twice; a third of it for real text."""

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


class Weights(NamedTuple):
    """Probability and backoff weight [types] of each n-gram of one order; the backoff of what is no history
    is 1."""

    probability: Float64
    backoff: Float64


def estimate(ids: npt.NDArray[np.uint32], offsets: Int64, order: int, out: Path) -> None:
    """Estimates a model and saves it as ``NgramModel``.

    Args:
        ids: tokens [tokens] of all documents.
        offsets: [documents + 1]; document i, ``ids[offsets[i]:offsets[i + 1]]``, is one sentence.
        order: length of the longest n-grams, at least 2.

    Memory: at most ``BYTES_PER_TOKEN`` beside ``ids``.

    Raises:
        ValueError: there is no document, or ``order`` is below 2.
    """
    if order < 2 or len(offsets) < 2:
        raise ValueError(
            f"a perplexity model needs order >= 2 and at least one document; got order {order}, "
            f"{len(offsets) - 1} documents"
        )
    words, tables = count(ids, offsets, order)
    found = weights(tables)
    builder = ModelBuilder(words, *map(_logarithm, next(found)))
    slots = tables[0].word
    for table, weight in zip(tables[1:], found, strict=True):
        builder.begin(len(table))
        slots = builder.add(slots[table.prefix], table.word, *map(_logarithm, weight))
    builder.save(out)


def _logarithm(values: Float64) -> npt.NDArray[np.float32]:
    """log10, never above 0: rounding may leave a certain word at a little more than probability 1. Nothing at
    all, which a discount of 0 leaves over, is ``NOTHING``, as ARPA files write it."""
    return np.minimum(np.log10(np.maximum(values, NOTHING)), 0).astype(np.float32) + np.float32(0)


def weights(tables: Sequence[Ngrams]) -> Iterator[Weights]:
    """Interpolated probabilities and backoffs of the n-grams of one order after another."""
    lower = np.full(1, 1 / (len(tables[0]) - 1))
    for n, table in enumerate(tables):
        share, left_over = _discounted(table.prefix, _adjusted_counts(tables, n), len(lower))
        if n:
            yield Weights(lower, left_over)
        lower = share + left_over[table.prefix] * lower[table.suffix]
        if n == 0:
            lower[BEGIN] = 1.0
    yield Weights(lower, np.ones(len(lower)))


def _adjusted_counts(tables: Sequence[Ngrams], n: int) -> npt.NDArray[np.integer]:
    """Number of distinct words to the left of each n-gram; plain counts for the longest n-grams and for those
    that begin with ``<s>``."""
    table = tables[n]
    if n + 1 == len(tables):
        return table.count
    adjusted = np.where(table.begins, table.count, np.bincount(tables[n + 1].suffix, minlength=len(table)))
    if n == 0:
        adjusted[[UNKNOWN, BEGIN]] = 0
    return adjusted


def _discounted(
    prefix: npt.NDArray[np.uint32], counts: npt.NDArray[np.integer], histories: int
) -> tuple[Float64, Float64]:
    """Each n-gram's discounted share of its history [types], and the mass that is left over for the lower
    order [histories]."""
    discount = discounts(counts)[np.minimum(counts, 3)]
    total = np.bincount(prefix, weights=counts, minlength=histories)
    left_over = np.bincount(prefix, weights=discount, minlength=histories)
    unseen = total == 0
    return (counts - discount) / total[prefix], np.where(
        unseen, 1.0, left_over / np.where(unseen, 1.0, total)
    )


def discounts(counts: npt.NDArray[np.integer]) -> Float64:
    """D0 .. D3 (3 and more) of the adjusted counts of one order, in closed form where it exists (Chen and
    Goodman, equation 26)."""
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(np.float64)
    if not n[1:4].all():
        return FALLBACK
    y = n[1] / (n[1] + 2 * n[2])
    step = np.arange(4)
    closed = np.append(0.0, step[1:] - (step[1:] + 1) * y * n[2:5] / n[1:4])
    usable = (closed >= 0).all() and (closed <= step).all()
    return closed if usable else FALLBACK
