"""The tasks of a step on a fleet, event by event: slow ones, nodes that fail, a store that answers so many
requests a second. The same seed gives the same events."""

from __future__ import annotations

import heapq
import math
import random
from dataclasses import dataclass

from manifests.schema.fleet import Fleet
from manifests.schema.scale import Simulated

YEAR = 365 * 86_400
MOST_TASKS = 50_000
"""More are simulated as so many larger ones, since an event takes microseconds."""


@dataclass
class _Lost:
    stragglers: float = 0.0
    faults: float = 0.0
    store: float = 0.0
    retried: int = 0


def simulated(tasks: int, seconds: float, requests: float, fleet: Fleet) -> Simulated:
    """A step on the fleet.

    Args:
        tasks: how many.
        seconds: CPU seconds of one, at its usual speed.
        requests: of one to the store, as shares of a second in which the store does nothing else.
    """
    chances, lost = random.Random(fleet.seed), _Lost()
    events = min(tasks, MOST_TASKS)
    seconds, requests = seconds * tasks / events, requests * tasks / events
    slots = [0.0] * min(fleet.nodes * fleet.cores, tasks)
    ends: list[float] = []
    store = 0.0
    waiting = [seconds * _slowness(chances, fleet) for _ in range(events)]
    lost.stragglers = sum(waiting) - seconds * events
    while waiting:
        takes = waiting.pop()
        start = heapq.heappop(slots)
        store = max(store, start) + requests
        end = max(start + takes, store)
        lost.store += max(0.0, store - start - takes)
        if chances.random() < -math.expm1(-(end - start) * fleet.faults / YEAR):
            end = start + (end - start) * chances.random()
            lost.faults += end - start
            lost.retried += 1
            waiting.append(takes)
        ends.append(end)
        heapq.heappush(slots, end)
    last = max(ends, default=0.0)
    return Simulated(
        seconds=last,
        ideal=seconds * events / len(slots),
        stragglers=lost.stragglers,
        tail=sum(last - free for free in slots),
        faults=lost.faults,
        store=lost.store,
        retried=lost.retried,
    )


def _slowness(chances: random.Random, fleet: Fleet) -> float:
    if chances.random() >= fleet.slow_tasks:
        return 1.0
    if chances.random() < 0.1:
        return fleet.slowest_factor
    return chances.uniform(1.0, fleet.slow_factor)
