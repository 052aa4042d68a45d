"""Whether sentences go on from one line to the next in a text whose lines are wrapped at one width.

What the end of a line and the beginning of the next tell of each other, ``log10 P(both) - log10 P(end) -
log10 P(beginning)``, is as much as what the halves of a line tell, where the lines follow each other as they
were written, and as little as what pieces of the document tell that stood apart, where they are in any other
order. Both ends of the scale are the document's own, so that a strange subject has no part in it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.models.perplexity.scorer import PerplexityScorer
from pipeline.models.tokenizer import Tokenizer
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.quality_signals.line_borders import LineBorders, line_borders
from pipeline.text.quality_signals.set_aside import set_aside

LEAST_LINES = 10
"""Ends of full lines below which nothing is said."""
LEAST_GAIN = 0.3
"""What lines must tell more than pieces in any order; where it is less, the model does not know the text."""
LONGEST_LINE, FULLNESS = 200, 0.5
"""Of a text that is wrapped: code points of the longest line, at most, and the mean by the longest, at
least."""


def is_wrapped(
    lines: npt.NDArray[np.float32], mean: npt.NDArray[np.float32], longest: npt.NDArray[np.float32]
) -> npt.NDArray[np.bool_]:
    """bool [documents]: whether lines may be wrapped at one width, by their number and lengths."""
    return np.asarray((lines >= LEAST_LINES) & (longest <= LONGEST_LINE) & (mean >= FULLNESS * longest))


def line_context_gain(
    texts: pa.Array, tokenizer: Tokenizer, scorer: PerplexityScorer
) -> npt.NDArray[np.float64]:
    """float64 [texts]; NaN where there are too few line ends, or the model knows too little of the text."""
    judged, _ = set_aside(text_buffers(texts), np.ones(len(texts), bool))
    borders = _enough(line_borders(judged), len(texts))
    ends = ~borders.inside
    before, behind = borders.before, borders.behind
    apart = [_log(scorer, tokenizer.encode(one)) for one in (before, pc.utf8_ltrim_whitespace(behind))]
    others = _others(borders.document)
    order, chance = (
        _log(scorer, tokenizer.encode(pc.binary_join_element_wise(before, behind.take(pa.array(rows)), "")))
        - apart[0]
        - apart[1][rows]
        for rows in (np.arange(len(others)), others)
    )
    across = _mean(borders, order, ends, len(texts))
    within = _mean(borders, order, ~ends, len(texts))
    nothing = _mean(borders, chance, np.ones(len(ends), bool), len(texts))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(within - nothing >= LEAST_GAIN, (across - nothing) / (within - nothing), np.nan)


def _enough(borders: LineBorders, number: int) -> LineBorders:
    """The borders of documents with enough ends of lines, behind half of which a sentence may go on: the
    model need not be asked of the others."""
    ends = ~borders.inside
    lines, goes_on = (_sums(borders.document, mask, number) for mask in (ends, ends & borders.goes_on))
    chosen = ((lines >= LEAST_LINES) & (2 * goes_on >= lines))[borders.document]
    texts = (side.filter(pa.array(chosen)) for side in (borders.before, borders.behind))
    return LineBorders(*texts, *(values[chosen] for values in borders[2:]))


def _log(scorer: PerplexityScorer, tokens: pa.ListArray) -> npt.NDArray[np.float64]:
    """log10 of the probability of each row."""
    lengths = pc.list_value_length(tokens).to_numpy(zero_copy_only=False)
    return np.asarray(-np.log10(scorer.score(tokens)) * (lengths + 1))


def _others(document: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each border one of the same document that is half of the document's borders away."""
    begins = np.searchsorted(document, document)
    sizes = np.searchsorted(document, document, side="right") - begins
    return np.asarray(begins + (np.arange(len(document)) - begins + sizes // 2) % sizes, np.int64)


def _sums(document: npt.NDArray[np.int64], values: np.ndarray, number: int) -> npt.NDArray[np.float64]:
    return np.asarray(np.bincount(document, values, minlength=number), np.float64)


def _mean(
    borders: LineBorders, values: np.ndarray, chosen: npt.NDArray[np.bool_], number: int
) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            _sums(borders.document, values * chosen, number) / _sums(borders.document, chosen, number)
        )
