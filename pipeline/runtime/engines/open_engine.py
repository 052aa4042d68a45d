"""Engines by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from manifests.errors import UserError
from pipeline.runtime.engines.engine import Engine


def open_engine(name: str, workers: int, options: Sequence[str] = (), run: Path = Path()) -> Engine:
    """The engine called ``local``, ``ray``, or the name of any Beam runner (``FlinkRunner``,
    ``DataflowRunner``, ...) with its options, for work in a run folder.

    Raises:
        UserError: options are given for an engine that has none; as ``runner_options``.
    """
    if options and name in ("local", "ray"):
        raise UserError(
            f"the engine {name} has no runner options", where="--runner-option", fix="name a Beam runner"
        )
    if name == "ray":
        # ray takes seconds to import and is needed nowhere else
        from pipeline.runtime.engines.ray_engine import RayEngine

        return RayEngine(workers)
    if name == "local":
        from pipeline.runtime.engines.beam_engine import BeamEngine

        return BeamEngine()
    from pipeline.runtime.engines.runner_engine import RunnerEngine

    return RunnerEngine(name, options, run)
