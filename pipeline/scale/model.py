"""What each step of a corpus of a size loads on cores, memory, disks and the store, from what smaller ones
took."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from manifests.errors import UserError
from manifests.schema.fleet import Fleet
from manifests.schema.rates import Rates, StepRate
from pipeline.scale.fit import Growth, growth

WRITER_BYTES, WRITERS = 1 << 27, 500
"""A shuffle's keys are written by so many tasks at most, of so many bytes of sources each
(``pipeline.runtime.exchange``: SOURCE_BYTES, FILES)."""
BUCKET_BYTES, READERS = 1 << 22, 2000
"""They are read by so many tasks at most, of a bucket of so many bytes or more, each of which opens every
writer's file (``pipeline.steps.dedup.shuffle``: BUCKET_BYTES; ``exchange``: RANGES)."""


@dataclass(frozen=True)
class Burden:
    """Of one step: seconds on the fleet's cores, bytes, requests."""

    step: str
    task_seconds: float
    driver_seconds: float
    tasks: int
    shuffled: int
    reads: int
    writes: int
    written: int
    task_memory: int
    driver_memory: int

    def request_seconds(self, fleet: Fleet) -> float:
        """Of the store, if it does nothing else."""
        return self.reads / fleet.store_reads + self.writes / fleet.store_writes


class Model:
    """Lines through the measured figures of each step.

    Args:
        measured: runs of one corpus at one size or several.
        fleet: the machines and the store.

    Raises:
        UserError: nothing was measured, or the runs have other steps.
    """

    def __init__(self, measured: Sequence[Rates], fleet: Fleet) -> None:
        if len({tuple(step.step for step in rates.steps) for rates in measured}) != 1:
            fix = "measure one corpus at several sizes"
            raise UserError("the measured runs have not the same steps", fix=fix)
        self._runs, self._fleet = measured, fleet
        self._largest = max(measured, key=lambda rates: rates.text_bytes)

    def text_bytes(self, tokens: float) -> float:
        """Bytes of text that give so many tokens, as in the largest run."""
        return tokens * self._largest.text_bytes / max(self._largest.tokens, 1)

    def loads(self, text: float) -> list[Burden]:
        """Those of all steps for so many bytes of text, in their order."""
        return [self._load(one.step, text) for one in self._largest.steps]

    def _load(self, step: str, text: float) -> Burden:
        fleet, tasks = self._fleet, max(1, math.ceil(text / self._fleet.part_bytes))
        memory = self._growth(step, lambda one: one.peak_memory)
        shuffled = self._growth(step, lambda one: one.shuffled)(text)
        # Files come by the part, however large parts were when it was measured.
        writes = math.ceil(tasks * self._most(step, lambda one: one.files / one.parts))
        groups = int(self._most(step, lambda one: one.groups))
        return Burden(
            step=step,
            task_seconds=self._growth(step, lambda one: one.task_seconds)(text) / fleet.speed,
            driver_seconds=self._growth(step, lambda one: one.driver_seconds)(text) / fleet.speed,
            tasks=tasks,
            shuffled=int(shuffled),
            reads=writes + groups * shuffle_reads(shuffled / max(groups, 1)),
            writes=writes,
            written=int(self._growth(step, lambda one: one.written)(text)),
            task_memory=int(memory(min(text, fleet.part_bytes))),
            driver_memory=int(memory(text)),
        )

    def _of(self, step: str) -> list[tuple[float, StepRate]]:
        return [
            (float(rates.text_bytes), one) for rates in self._runs for one in rates.steps if one.step == step
        ]

    def _growth(self, step: str, figure: Callable[[StepRate], float]) -> Growth:
        return growth([(size, figure(one)) for size, one in self._of(step)])

    def _most(self, step: str, figure: Callable[[StepRate], float]) -> float:
        return max(figure(one) for _, one in self._of(step))


def shuffle_reads(size: float) -> int:
    """Requests to the store of one shuffle of so many bytes of keys."""
    writers = min(WRITERS, max(1, math.ceil(size / WRITER_BYTES)))
    readers = min(READERS, max(1, math.ceil(size / BUCKET_BYTES)))
    return writers * readers if size else 0
