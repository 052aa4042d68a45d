"""Where a job runs. Every engine gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import apache_beam as beam

from pipeline.runtime.key_groups import EmitKeys, ReduceBucket, Sources


class Engine(Protocol):
    """Runs Beam transforms over independent tasks, and one shuffle of packed keys."""

    def run(self, tasks: Sequence[Any], work: beam.PTransform) -> None:
        """Applies ``work`` to every task; tasks may run in any order and place."""

    def group(self, sources: Sources, emit: EmitKeys, reduce: ReduceBucket, buckets: int) -> None:
        """Brings the packed keys of all sources together by bucket and reduces each bucket once; by
        ``exchange``, unless the engine has a shuffle of its own. ``buckets``: how many there are at most."""

    def close(self) -> None:
        """Releases what the engine started."""
