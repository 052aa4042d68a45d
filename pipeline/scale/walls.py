"""The sizes at which something gives out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from manifests.report.number_format import short
from manifests.schema.fleet import Fleet
from manifests.schema.scale import Wall
from pipeline.scale.model import Burden, Model

MAPS = 65_530
"""Files that a process may map: Linux's default of vm.max_map_count
(Documentation/admin-guide/sysctl/vm.rst)."""
LARGEST = 1e16
"""Tokens; what holds at that size is no wall."""
Figure = Callable[[Sequence[Burden]], float]


@dataclass(frozen=True)
class _Limit:
    """Needing more than there is, at a size, is a wall."""

    name: str
    unit: str
    needs: Figure
    has: Figure
    fix: str

    def over(self, loads: Sequence[Burden]) -> bool:
        return self.needs(loads) > self.has(loads)

    def told(self, loads: Sequence[Burden]) -> str:
        return f"{short(self.needs(loads))} {self.unit} of {short(self.has(loads))}"


def walls(model: Model, fleet: Fleet, tokens: int) -> list[Wall]:
    """The limits that are met at any size, the one that is met first in front."""
    now = model.loads(model.text_bytes(tokens))
    found = (
        Wall(name=limit.name, tokens=_met(limit, model), at_size=limit.told(now), fix=limit.fix)
        for limit in [*_memory(fleet), *_time(fleet)]
    )
    return sorted((wall for wall in found if wall.tokens < LARGEST), key=lambda wall: wall.tokens)


def _met(limit: _Limit, model: Model) -> float:
    """The size at which a limit is met, by bisection to a thousandth."""

    def over(tokens: float) -> bool:
        return limit.over(model.loads(model.text_bytes(tokens)))

    low, high = 1.0, LARGEST
    if not over(high):
        return LARGEST
    while high / low > 1.001:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if over(middle) else (middle, high)
    return high


def _memory(fleet: Fleet) -> list[_Limit]:
    return [
        _Limit(
            "memory of the driver",
            "GB",
            lambda loads: max(load.driver_memory for load in loads) / 1e9,
            lambda _: fleet.memory / 1e9,
            "a driver of more memory, or on disk what it holds by document",
        ),
        _Limit(
            "memory of a node whose cores are all at tasks",
            "GB",
            lambda loads: max(load.task_memory for load in loads) * fleet.cores / 1e9,
            lambda _: fleet.memory / 1e9,
            "fewer tasks on a node, or smaller parts",
        ),
        _Limit(
            "scratch disks, with a shuffle's keys on them twice",
            "TB",
            lambda loads: 2 * max(load.shuffled for load in loads) / 1e12,
            lambda _: fleet.nodes * fleet.scratch / 1e12,
            "more nodes, or larger disks",
        ),
        _Limit(
            "files that a process maps, one a part",
            "files",
            lambda loads: max(load.tasks for load in loads),
            lambda _: MAPS,
            "larger parts (part_bytes), or a higher vm.max_map_count",
        ),
    ]


def _time(fleet: Fleet) -> list[_Limit]:
    def of_tasks(loads: Sequence[Burden]) -> float:
        return sum(load.task_seconds for load in loads) / 3600 / (fleet.nodes * fleet.cores)

    def of_driver(loads: Sequence[Burden]) -> float:
        return sum(load.driver_seconds for load in loads) / 3600

    def of_store(loads: Sequence[Burden]) -> float:
        return sum(load.request_seconds(fleet) for load in loads) / 3600

    return [
        _Limit(name, "hours", needs, lambda _: fleet.deadline, fix)
        for name, needs, fix in (
            ("time of the cores, all at tasks", of_tasks, "more nodes"),
            ("time of the driver alone", of_driver, "in tasks what it does by document"),
            ("time of the store, busy with requests", of_store, "larger parts, or more prefixes"),
        )
    ]
