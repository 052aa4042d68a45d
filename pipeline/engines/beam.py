"""Runs jobs on a Beam runner: FnApiRunner in this process by default, or any runner that a team already has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipeline.jobs import EmitKeys, ReduceBucket


def in_process() -> beam.Pipeline:
    """A pipeline in this process with one worker: exact, where the multi-threaded mode loses grouped values.

    There is nobody to share the tasks with, so ``Create`` should not shuffle them: that would double what a pipeline costs.
    """
    options = PipelineOptions([], direct_num_workers=1, direct_running_mode="in_memory")
    return beam.Pipeline(runner=FnApiRunner(), options=options)


class BeamEngine:
    """One Beam pipeline for each phase. ``options`` are the runner's own command-line options."""

    def __init__(self, runner: str | None = None, options: Sequence[str] = ()) -> None:
        self._runner = runner
        self._options = list(options)
        self._shared = runner is not None

    def pipeline(self) -> beam.Pipeline:
        """An empty pipeline that runs, when its block ends, where the engine's jobs do."""
        if self._runner is None:
            return in_process()
        return beam.Pipeline(options=PipelineOptions([f"--runner={self._runner}", *self._options]))

    def run(self, tasks: Sequence[Any], work: beam.PTransform) -> None:
        """One pipeline over all tasks (see Engine.run)."""
        with self.pipeline() as pipeline:
            pipeline | beam.Create(tasks, reshuffle=self._shared) | work

    def group(self, sources: Sequence[tuple[int, Path]], emit: EmitKeys, reduce: ReduceBucket) -> None:
        """One pipeline with a GroupByKey (see Engine.group)."""
        with self.pipeline() as pipeline:
            keys = pipeline | beam.Create(sources, reshuffle=self._shared) | "emit" >> beam.FlatMap(emit)
            keys | "group" >> beam.GroupByKey() | "reduce" >> beam.Map(reduce)

    def close(self) -> None:
        """Nothing is held between phases."""
