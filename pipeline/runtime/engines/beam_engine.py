"""Runs jobs on a Beam runner: FnApiRunner in this process by default, or any runner that a team already
has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipeline.runtime.dofns import TaskSource
from pipeline.runtime.engines.local_options import local_options
from pipeline.runtime.engines.worker_errors import user_errors_unwrapped
from pipeline.runtime.exchange import exchange
from pipeline.runtime.key_groups import EmitKeys, ReduceBucket, Sources


def in_process() -> beam.Pipeline:
    """A pipeline in this process with one worker: exact, where the multi-threaded mode loses grouped
    values."""
    return beam.Pipeline(runner=FnApiRunner(), options=local_options())


def run_here(tasks: Sequence[Any], work: beam.PTransform) -> None:
    """One pipeline over tasks that are shared with nobody."""
    with user_errors_unwrapped(), in_process() as pipeline:
        pipeline | beam.Impulse() | "tasks" >> beam.ParDo(TaskSource(tasks)) | work


class BeamEngine:
    """One Beam pipeline for each phase. ``options`` are the runner's own command-line options."""

    def __init__(self, runner: str | None = None, options: Sequence[str] = ()) -> None:
        self._runner = runner
        self._options = list(options)

    def pipeline(self) -> beam.Pipeline:
        """An empty pipeline that runs, when its block ends, where the engine's jobs do."""
        if self._runner is None:
            return in_process()
        return beam.Pipeline(options=PipelineOptions([f"--runner={self._runner}", *self._options]))

    def run(self, tasks: Sequence[Any], work: beam.PTransform) -> None:
        """One pipeline over all tasks (see Engine.run)."""
        if self._runner is None:
            run_here(tasks, work)
            return
        with user_errors_unwrapped(), self.pipeline() as pipeline:
            pipeline | beam.Create(tasks) | work

    def group(self, sources: Sources, emit: EmitKeys, reduce: ReduceBucket, buckets: int) -> None:
        """In this process by files, on another runner by one pipeline with a GroupByKey (see
        Engine.group)."""
        if self._runner is None:
            exchange(self.run, sources, emit, reduce, buckets)
            return
        with user_errors_unwrapped(), self.pipeline() as pipeline:
            keys = pipeline | beam.Create(sources) | "emit" >> beam.FlatMap(emit)
            keys | "group" >> beam.GroupByKey() | "reduce" >> beam.Map(reduce)

    def close(self) -> None:
        """Nothing is held between phases."""
