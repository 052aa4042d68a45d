"""Weights of cluster sizes from the shares that the quality step rejected of them.

The method is FineWeb2's (Penedo et al. 2025, arXiv 2506.20920, section on rehydration, and
huggingface/fineweb-2, misc/rehydration): documents that were copied very often or never are worse than those
in between, which shows in how many of them the filters remove. A size that loses as many as all do, or more,
is not repeated; the one that loses least has the most epochs; others stand between them in proportion.

Theirs: the rate over clusters, one document of each being judged; the interpolation; 10 epochs at most.
Ours: quality comes before dedup here, so all documents of a cluster are judged and the rate is the mean of
their shares, which is what theirs is on average over the documents that could be judged. Sizes in ranges that
grow, where they have single ones that are smoothed over five. A range of fewer than ``LEAST`` clusters is
joined to its neighbour, and a rate that is within three standard errors of the mean rate has 1 epoch: else
the size that chance favours in a small corpus would be repeated most. Weights are not rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""The smallest size of each range."""
LEAST = 100
ERRORS = 3.0


@dataclass(frozen=True)
class SizeRange:
    """Cluster sizes from ``at_least`` to the next range: their weight in ``epochs``, and the share that was
    ``rejected`` of them, where it was measured."""

    at_least: int
    epochs: float
    rejected: float | None = None


def measured_ranges(
    sizes: npt.NDArray[np.int64], rejected: npt.NDArray[np.bool_], most: float
) -> tuple[SizeRange, ...]:
    """Weights from all documents of a language: the size of each one's cluster, and whether it was rejected.

    ``most``: epochs of the range that loses least.
    """
    if not len(sizes):
        return (SizeRange(1, 1.0),)
    place, each = np.searchsorted(SIZES, sizes, side="right") - 1, 1 / sizes
    clusters: Float64 = np.bincount(place, each, len(SIZES)).astype(float)
    lost: Float64 = np.bincount(place, each * rejected, len(SIZES)).astype(float)
    starts = joined(clusters)
    clusters, lost = np.add.reduceat(clusters, starts), np.add.reduceat(lost, starts)
    rates = lost / clusters
    epochs = interpolated(rates, clusters, most)
    return tuple(
        SizeRange(SIZES[start], round(weight, 3), round(rate, 6))
        for start, weight, rate in zip(starts, epochs.tolist(), rates.tolist(), strict=True)
    )


def joined(clusters: Float64) -> list[int]:
    """Where ranges of ``LEAST`` clusters or more begin; the first one at 0, the last to the end."""
    starts, filled = [0], 0
    for place, number in enumerate(np.rint(clusters).astype(int).tolist()):
        if filled >= LEAST:
            starts.append(place)
            filled = 0
        filled += number
    return starts if filled >= LEAST or len(starts) == 1 else starts[:-1]


def interpolated(rates: Float64, clusters: Float64, most: float) -> Float64:
    """Epochs of ranges with these rejection rates and numbers of clusters: ``most`` at the lowest rate, 1 at
    the rate of all clusters and above."""
    mean = float((rates * clusters).sum() / clusters.sum())
    better = mean - rates > ERRORS * np.sqrt(mean * (1 - mean) / clusters)
    epochs = np.ones(len(rates))
    if better.any():
        epochs[better] += (most - 1) * (mean - rates[better]) / (mean - rates[better].min())
    return epochs
