"""From regions to findings: candidates proved by their validators, and of those that overlap the longest."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence

import numpy as np

from manifests.schema.corpus import PrivacyKind
from pipeline.privacy.finders import FINDERS, Finder
from pipeline.privacy.regions import regions
from pipeline.text.buffers import TextBuffers

BEFORE, AFTER = 48, 8
"""How many bytes of the document around a region expressions and validators may see."""

Finding = tuple[int, int, int]
"""First byte and end, as positions in the batch's data, and the index of the finder (in FINDERS)."""


def find(texts: TextBuffers, rows: np.ndarray, kinds: frozenset[PrivacyKind]) -> np.ndarray:
    """Personal data of these kinds in the documents ``rows`` (int64 [n]).

    Time is linear in the text: one native pass, and bounded work for each byte of the few regions that it finds.

    Returns:
        int64 [findings, 3]: rows of ``Finding``, in order and without overlap.
    """
    found = regions(texts, rows)
    document = np.searchsorted(texts.offsets, found[:, 0], side="right") - 1
    left = np.maximum(found[:, 0] - BEFORE, texts.offsets[document])
    right = np.minimum(found[:, 1] + AFTER, texts.offsets[document + 1])
    windows = np.concatenate([found, left[:, None], right[:, None]], axis=1)
    return longest(list(_proved(texts.data, windows, kinds)))


def _proved(data: np.ndarray, windows: np.ndarray, kinds: frozenset[PrivacyKind]) -> Iterator[Finding]:
    """Everything that an expression finds and its validator confirms. ``windows``: regions, and how far around them one may look."""
    by_region: dict[int, list[tuple[int, Finder]]] = {}
    for index, finder in enumerate(FINDERS):
        if finder.kind in kinds:
            by_region.setdefault(finder.region, []).append((index, finder))
    view = data.data
    for first, last, region, left, right in windows.tolist():
        window = bytes(view[left:right])
        for index, finder in by_region.get(region, ()):
            if finder.mark in window:
                match = finder.expression.search(window, first - left)
                if match:
                    for start, end in _confirmed(finder, window, match, last - left):
                        yield left + start, left + end, index


def _confirmed(finder: Finder, window: bytes, match: re.Match[bytes] | None, last: int) -> Iterator[tuple[int, int]]:
    """Spans, from this match on and beginning before ``last``, that satisfy the validator."""
    while match and match.start() < last:
        start, end = match.span()
        size = finder.validate(match.group(), window[max(0, start - BEFORE) : start], window[end : end + AFTER])
        if size:
            yield start, start + size
        # What a validator refused may hide another candidate that begins a little later; expressions for numbers are bounded.
        match = finder.expression.search(window, start + size if size else start + 1)


def longest(findings: list[Finding]) -> np.ndarray:
    """Of findings that overlap the longest stays (an address in a URL is part of the URL), then those that do not touch it."""
    table = np.array(sorted(findings), np.int64).reshape(-1, 3)
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
    for index in sorted(range(len(cluster)), key=lambda index: (cluster[index][0] - cluster[index][1], cluster[index][2], index)):
        start, end = cluster[index][:2]
        place = bisect(chosen, (start, end))
        if (place == 0 or chosen[place - 1][1] <= start) and (place == len(chosen) or end <= chosen[place][0]):
            chosen.insert(place, (start, end))
            keep[index] = True
    return keep
