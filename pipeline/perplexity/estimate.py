"""Interpolated modified Kneser-Ney, as KenLM's lmplz estimates it.

Chen and Goodman (1998), section 3.1 and equation 26; Heafield, Pouzyrevsky, Clark and Koehn (2013), section 3. With lmplz's choices:
n-grams that begin with ``<s>`` keep their plain counts, unigrams are interpolated with the uniform distribution over all words with
``<unk>`` and without ``<s>``, nothing is pruned, and where the closed form has no discounts those of ``--discount_fallback`` stand in.
One difference: lmplz puts the last n-gram of each order into the counts of counts by its plain instead of its adjusted count
(adjust_counts.cc, the last ``stats.Add``); where the two differ its discounts do so in the third or fourth digit.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.perplexity.arpa import Weights, write
from pipeline.perplexity.ngrams import BEGIN, UNKNOWN, Ngrams, count

FALLBACK = np.array([0.0, 0.5, 1.0, 1.5])

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


def estimate(ids: npt.NDArray[np.uint32], offsets: Int64, order: int, out: Path) -> None:
    """Estimates a model and writes it as ARPA, atomically; its words are the ids as decimal numbers.

    Args:
        ids: tokens [tokens] of all documents.
        offsets: [documents + 1]; document i, ``ids[offsets[i]:offsets[i + 1]]``, is one sentence.
        order: length of the longest n-grams, at least 2.

    Raises:
        ValueError: there is no document, or ``order`` is below 2.
    """
    if order < 2 or len(offsets) < 2:
        raise ValueError(f"a perplexity model needs order >= 2 and at least one document; got order {order}, {len(offsets) - 1} documents")
    words, tables = count(ids, offsets, order)
    write(out, words, tables, weights(tables))


def weights(tables: list[Ngrams]) -> list[Weights]:
    """Interpolated probabilities and backoffs of every order's n-grams."""
    adjusted = _adjusted_counts(tables)
    words = len(tables[0]) - 1
    lower = np.full(1, 1 / words)
    probabilities, backoffs = [], []
    for n, (table, counts) in enumerate(zip(tables, adjusted, strict=True)):
        histories = len(lower)
        share, left_over = _discounted(table.prefix, counts, histories)
        lower = share + left_over[table.prefix] * lower[table.suffix]
        if n == 0:
            lower[BEGIN] = 1.0
        else:
            backoffs.append(left_over)
        probabilities.append(lower)
    backoffs.append(np.ones(len(tables[-1])))
    return [Weights(*pair) for pair in zip(probabilities, backoffs, strict=True)]


def _adjusted_counts(tables: list[Ngrams]) -> list[Int64]:
    """Number of distinct words to the left of each n-gram; plain counts for the longest n-grams and for those that begin with ``<s>``."""
    adjusted = []
    for table, above in itertools.pairwise(tables):
        left = np.bincount(above.suffix, minlength=len(table))
        adjusted.append(np.where(table.begins, table.count, left))
    adjusted[0][[UNKNOWN, BEGIN]] = 0
    return [*adjusted, tables[-1].count]


def _discounted(prefix: npt.NDArray[np.uint32], counts: Int64, histories: int) -> tuple[Float64, Float64]:
    """Each n-gram's discounted share of its history [types], and the mass that is left over for the lower order [histories]."""
    discount = discounts(counts)[np.minimum(counts, 3)]
    total = np.bincount(prefix, weights=counts, minlength=histories)
    left_over = np.bincount(prefix, weights=discount, minlength=histories)
    unseen = total == 0
    return (counts - discount) / total[prefix], np.where(unseen, 1.0, left_over / np.where(unseen, 1.0, total))


def discounts(counts: Int64) -> Float64:
    """D0 .. D3 (3 and more) of the adjusted counts of one order, in closed form where it exists (Chen and Goodman, equation 26)."""
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(np.float64)
    if not n[1:4].all():
        return FALLBACK
    y = n[1] / (n[1] + 2 * n[2])
    step = np.arange(4)
    closed = np.append(0.0, step[1:] - (step[1:] + 1) * y * n[2:5] / n[1:4])
    usable = (closed >= 0).all() and (closed <= step).all()
    return closed if usable else FALLBACK
