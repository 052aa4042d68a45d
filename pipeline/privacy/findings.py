"""From regions to findings: candidates proved by their validators, and of those that overlap the longest."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from manifests.schema.corpus import PrivacyKind
from pipeline.privacy.finders import FINDERS, Finder
from pipeline.privacy.regions import regions
from pipeline.text.buffers import TextBuffers

BEFORE, AFTER = 48, 8
"""How many bytes of the document around a region expressions and validators may see."""


class Finding(NamedTuple):
    """Bytes ``start:end`` of the batch's data are a datum of the finder with this index (in FINDERS)."""

    start: int
    end: int
    finder: int

    @property
    def kind(self) -> PrivacyKind:
        return FINDERS[self.finder].kind


def find(texts: TextBuffers, rows: np.ndarray, kinds: frozenset[PrivacyKind]) -> list[Finding]:
    """Personal data of these kinds in the documents ``rows`` (int64 [n]), in order and without overlap.

    Time is linear in the text: one native pass, and bounded work for each byte of the few regions that it finds.
    """
    found = regions(texts, rows)
    document = np.searchsorted(texts.offsets, found[:, 0], side="right") - 1
    windows = np.stack(
        [
            np.maximum(found[:, 0] - BEFORE, texts.offsets[document]),
            np.minimum(found[:, 1] + AFTER, texts.offsets[document + 1]),
        ]
    )
    return longest(_proved(texts.data, found, windows, kinds))


def _proved(data: np.ndarray, found: np.ndarray, windows: np.ndarray, kinds: frozenset[PrivacyKind]) -> Iterator[Finding]:
    by_region: dict[int, list[tuple[int, Finder]]] = {}
    for index, finder in enumerate(FINDERS):
        if finder.kind in kinds:
            by_region.setdefault(finder.region, []).append((index, finder))
    for (first, last, region), left, right in zip(found.tolist(), *windows.tolist(), strict=True):
        finders = by_region.get(region)
        if not finders:
            continue
        window = data[left:right].tobytes()
        for index, finder in finders:
            for start, end in _search(finder, window, first - left, last - left):
                yield Finding(left + start, left + end, index)


def _search(finder: Finder, window: bytes, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Spans of the window that begin between ``first`` and ``last`` and satisfy the validator."""
    match = finder.expression.search(window, first)
    while match and match.start() < last:
        start, end = match.span()
        size = finder.validate(match.group(), window[max(0, start - BEFORE) : start], window[end : end + AFTER])
        if size:
            yield start, start + size
        # What a validator refused may hide another candidate that begins a little later; expressions for numbers are bounded.
        match = finder.expression.search(window, start + size if size else start + 1)


def longest(findings: Iterable[Finding]) -> list[Finding]:
    """Of findings that overlap the longest stays (an address in a URL is part of the URL), then those that do not touch it."""
    chosen: list[Finding] = []
    cluster: list[Finding] = []
    reach = -1
    for finding in sorted(findings):
        if finding.start >= reach:
            chosen += _best(cluster)
            cluster = []
        cluster.append(finding)
        reach = max(reach, finding.end)
    return chosen + _best(cluster)


def _best(cluster: Sequence[Finding]) -> list[Finding]:
    chosen: list[Finding] = []
    for finding in sorted(cluster, key=lambda finding: (finding.start - finding.end, finding.finder, finding.start)):
        place = bisect(chosen, finding)
        behind_left = place == 0 or chosen[place - 1].end <= finding.start
        before_right = place == len(chosen) or finding.end <= chosen[place].start
        if behind_left and before_right:
            chosen.insert(place, finding)
    return chosen
