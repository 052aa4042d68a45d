"""Engines by name."""

from __future__ import annotations

from pipeline.runtime.engines.engine import Engine


def open_engine(name: str, workers: int) -> Engine:
    """The engine called ``local``, ``ray``, or the name of any Beam runner (``FlinkRunner``,
    ``DataflowRunner``, ...)."""
    if name == "ray":
        # ray takes seconds to import and is needed nowhere else
        from pipeline.runtime.engines.ray_engine import RayEngine

        return RayEngine(workers)
    from pipeline.runtime.engines.beam_engine import BeamEngine

    return BeamEngine() if name == "local" else BeamEngine(runner=name)
