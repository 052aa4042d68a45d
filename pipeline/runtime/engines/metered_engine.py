"""The engine in this process, with a meter."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import apache_beam as beam

from pipeline.runtime.engines.beam_engine import BeamEngine
from pipeline.runtime.key_groups import Reduce

_SHUFFLED = Counter[str]()  # of this process: what Beam sends through a pipeline comes out as a copy


def _counted(reduce: Reduce, bucket: int, payloads: list[bytes]) -> bytes:
    _SHUFFLED["bytes"] += sum(map(len, payloads))
    return reduce(bucket, payloads)


@dataclass
class MeteredEngine(BeamEngine):
    """The engine in this process, which adds up the CPU seconds of what it was given, and the bytes of keys
    that it grouped."""

    seconds: float = 0.0
    groups: int = 0
    _inner: BeamEngine = field(default_factory=BeamEngine)

    def run(self, tasks: Sequence[Any], work: beam.PTransform) -> None:
        """See Engine.run."""
        self._meter(partial(self._inner.run, tasks, work))

    def group(self, sources: Any, emit: Any, reduce: Any, buckets: int) -> None:
        """See Engine.group."""
        self.groups += 1
        counted = replace(reduce, reduce=partial(_counted, reduce.reduce))
        self._meter(partial(self._inner.group, sources, emit, counted, buckets))

    @property
    def shuffled(self) -> int:
        """Bytes of keys so far."""
        return _SHUFFLED["bytes"]

    def _meter(self, work: Callable[[], None]) -> None:
        before = cpu_seconds()
        work()
        self.seconds += cpu_seconds() - before


def cpu_seconds() -> float:
    """Of this process and of the children that it has waited for; other load hardly counts."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
