"""From candidates to findings: proved by their validators, and of those that overlap the longest."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence

import numpy as np

from manifests.schema.privacy import PrivacyKind
from pipeline.steps.privacy.candidate_bits import URL
from pipeline.steps.privacy.finders import FINDERS, Finder
from pipeline.steps.privacy.fullwidth import fold_fullwidth
from pipeline.steps.privacy.scan import scan
from pipeline.steps.privacy.windows import whole
from pipeline.text.arrow.buffers import TextBuffers

BEFORE, AFTER = 64, 8
"""How many bytes of the document around a candidate expressions and validators may see."""

Finding = tuple[int, int, int]
"""First byte and end, as positions in the batch's data, and the index of the finder (in FINDERS)."""


def detect(texts: TextBuffers, spans: np.ndarray, kinds: frozenset[PrivacyKind]) -> np.ndarray:
    """Personal data of these kinds in these stretches of documents.

    Time is linear in the text: one native pass, and bounded work for each byte of the few candidates that it
    finds.

    Args:
        spans: int64 [n, 3]: document, first byte and end, in order; of a document with full-width characters
            all is looked at.

    Returns:
        int64 [findings, 3]: rows of ``Finding``, in order and without overlap.
    """
    candidates, wide = scan(texts, spans)
    if not wide.any():
        return _findings(texts, candidates, kinds)
    rows = np.unique(spans[wide, 0])
    row_of = np.searchsorted(texts.offsets, candidates[:, 0], side="right") - 1
    found = _findings(texts, candidates[~np.isin(row_of, rows)], kinds)
    folded = fold_fullwidth(texts, rows)
    again, _ = scan(folded.texts, whole(folded.texts, np.arange(len(rows))))
    more = _findings(folded.texts, again, kinds)
    more[:, :2] = folded.restore(more[:, :2], texts)
    found = np.concatenate([found, more])
    return found[np.argsort(found[:, 0], kind="stable")]


def _findings(texts: TextBuffers, candidates: np.ndarray, kinds: frozenset[PrivacyKind]) -> np.ndarray:
    # URLs are proved by the scan itself, and so frequent that no loop may touch them.
    is_url = candidates[:, 2] == URL
    proved = list(_proved(texts, candidates[~is_url], kinds))
    found = np.array(proved, np.int64).reshape(-1, 3)
    if "url" in kinds:
        urls = candidates[is_url]
        urls[:, 2] = next(index for index, finder in enumerate(FINDERS) if finder.kind == "url")
        found = np.concatenate([found, urls])
    return longest(found)


def _proved(texts: TextBuffers, candidates: np.ndarray, kinds: frozenset[PrivacyKind]) -> Iterator[Finding]:
    """Everything that an expression finds and its validator confirms."""
    document = np.searchsorted(texts.offsets, candidates[:, 0], side="right") - 1
    left = np.maximum(candidates[:, 0] - BEFORE, texts.offsets[document])
    right = np.minimum(candidates[:, 1] + AFTER, texts.offsets[document + 1])
    windows = np.concatenate([candidates, left[:, None], right[:, None]], axis=1)
    wanted = [(index, finder) for index, finder in enumerate(FINDERS) if finder.kind in kinds]
    by_sorts: dict[int, list[tuple[int, Finder]]] = {}
    view = texts.data.data
    for first, last, sorts, left_end, right_end in windows.tolist():
        if sorts not in by_sorts:
            by_sorts[sorts] = [item for item in wanted if item[1].sort & sorts]
        window = bytes(view[left_end:right_end])
        for index, finder in by_sorts[sorts]:
            for start, end in _confirmed(finder, window, first - left_end, last - left_end):
                yield left_end + start, left_end + end, index


def _confirmed(finder: Finder, window: bytes, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Spans, beginning in the candidate ``window[first:last]``, that satisfy the validator."""
    if finder.expression is None:
        size = finder.validate(window[first:last], window[:first], window[last:])
        if size:
            yield first, first + size
        return
    match: re.Match[bytes] | None = finder.expression.search(window, first)
    while match and match.start() < last:
        start, end = match.span()
        size = finder.validate(
            match.group(), window[max(0, start - BEFORE) : start], window[end : end + AFTER]
        )
        if size:
            yield start, start + size
        # What a validator refused may hide another candidate that begins a little later; expressions for
        # numbers are bounded.
        match = finder.expression.search(window, start + size if size else start + 1)


def longest(findings: np.ndarray) -> np.ndarray:
    """Of findings that overlap the longest stays (an address in a URL is part of the URL), then those that do
    not touch it."""
    table = findings[np.lexsort(findings.T[::-1])]
    reach = np.maximum.accumulate(table[:, 1])
    # A cluster begins where everything before has ended.
    borders = np.concatenate([[0], 1 + np.flatnonzero(table[1:, 0] >= reach[:-1]), [len(table)]])
    keep = np.ones(len(table), bool)
    for index in np.flatnonzero(np.diff(borders) > 1):
        begin, end = borders[index : index + 2]
        keep[begin:end] = _best(table[begin:end].tolist())
    return table[keep]


def _best(cluster: Sequence[Sequence[int]]) -> list[bool]:
    """Which findings of a cluster stay."""
    chosen: list[tuple[int, int]] = []
    keep = [False] * len(cluster)
    for index in sorted(
        range(len(cluster)),
        key=lambda index: (cluster[index][0] - cluster[index][1], cluster[index][2], index),
    ):
        start, end = cluster[index][:2]
        place = bisect(chosen, (start, end))
        if (place == 0 or chosen[place - 1][1] <= start) and (
            place == len(chosen) or end <= chosen[place][0]
        ):
            chosen.insert(place, (start, end))
            keep[index] = True
    return keep
