"""Where a job runs. Every engine gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from pipeline.runtime.beam_import import beam
from pipeline.runtime.jobs import EmitKeys, ReduceBucket


class Engine(Protocol):
    """Runs Beam transforms over independent tasks, and one shuffle of packed keys."""

    def run(self, tasks: Sequence[Any], work: beam.PTransform) -> None:
        """Applies ``work`` to every task; tasks may run in any order and place."""

    def group(self, sources: Sequence[tuple[int, Path]], emit: EmitKeys, reduce: ReduceBucket) -> None:
        """Brings the packed keys of all sources together by bucket and reduces each bucket once."""

    def close(self) -> None:
        """Releases what the engine started."""


def open_engine(name: str, workers: int) -> Engine:
    """The engine called ``local``, ``ray``, or the name of any Beam runner (``FlinkRunner``,
    ``DataflowRunner``, ...)."""
    if name == "ray":
        from pipeline.runtime.engines.ray_engine import (
            RayEngine,
        )  # ray takes seconds to import and is needed nowhere else

        return RayEngine(workers)
    from pipeline.runtime.engines.beam_engine import BeamEngine

    return BeamEngine() if name == "local" else BeamEngine(runner=name)
