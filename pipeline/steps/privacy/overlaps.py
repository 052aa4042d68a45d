"""Of findings that overlap, one is kept."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence

import numpy as np


def keep_longest(findings: np.ndarray) -> np.ndarray:
    """Of findings that overlap the longest stays (an address in a URL is part of the URL), then those that do
    not touch it; of two that are equally long, the one whose kind is first.

    Args:
        findings: int64 [n, 3]: first byte, end and index of the kind, in any order.

    Returns:
        int64 [kept, 3], in order.
    """
    table = findings[np.lexsort(findings.T[::-1])]
    farthest = np.maximum.accumulate(table[:, 1])
    # A cluster begins where everything before has ended.
    borders = np.concatenate([[0], 1 + np.flatnonzero(table[1:, 0] >= farthest[:-1]), [len(table)]])
    keep = np.ones(len(table), bool)
    for index in np.flatnonzero(np.diff(borders) > 1):
        begin, end = borders[index : index + 2]
        keep[begin:end] = _kept_of_cluster(table[begin:end].tolist())
    return table[keep]


def _kept_of_cluster(cluster: Sequence[Sequence[int]]) -> list[bool]:
    chosen: list[tuple[int, int]] = []
    keep = [False] * len(cluster)
    for index in sorted(
        range(len(cluster)),
        key=lambda index: (cluster[index][0] - cluster[index][1], cluster[index][2], index),
    ):
        start, end = cluster[index][:2]
        place = bisect(chosen, (start, end))
        is_free_before = place == 0 or chosen[place - 1][1] <= start
        if is_free_before and (place == len(chosen) or end <= chosen[place][0]):
            chosen.insert(place, (start, end))
            keep[index] = True
    return keep
