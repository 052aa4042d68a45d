"""Which samples of a step each process computes, and which of them together: all processes cost the same, and
no micro batch has more tokens than the budget."""

from __future__ import annotations

import heapq
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
"""Places of samples within a step, ascending."""


def deal(costs: NDArray[np.int64], parts: int) -> list[Places]:
    """Deals samples of given costs (int64 [samples]) into ``parts`` parts whose sums of cost are nearly even:
    from the dearest on, each to the part that has cost least so far (Graham 1969)."""
    dealt: list[list[int]] = [[] for _ in range(parts)]
    loads = [(0, part) for part in range(parts)]
    for sample in np.argsort(-costs, kind="stable").tolist():
        load, part = loads[0]
        dealt[part].append(sample)
        heapq.heapreplace(loads, (load + int(costs[sample]), part))
    return [np.array(sorted(part), dtype=np.int64) for part in dealt]


def pack(costs: NDArray[np.int64], tokens: NDArray[np.int64], ranks: int, budget: int) -> list[list[Places]]:
    """The micro batches of each process: [ranks][micro batches], the same number for all, as few as the
    budget allows; empty ones where a process has too few samples.

    It is a function of the step alone: every process computes all of it.

    Args:
        costs, tokens: of each sample of the step: int64 [samples] each.
        budget: tokens of a micro batch, at most, but for a sample that alone has more.
    """
    shares = deal(costs, ranks)
    most = max(len(share) for share in shares)
    count = min(most, max(-(-int(tokens[share].sum()) // budget) for share in shares))
    while True:
        packed = [[share[part] for part in deal(costs[share], count)] for share in shares]
        if count >= most or all(tokens[part].sum() <= budget for part in chain(*packed)):
            return packed
        count += 1


def useful_share(costs: NDArray[np.int64], packed: list[list[Places]]) -> float:
    """The part of the processes' time that is not spent in waiting for the one that has most to do."""
    loads = [float(sum(costs[part].sum() for part in parts)) for parts in packed]
    return sum(loads) / (len(loads) * max(loads))
