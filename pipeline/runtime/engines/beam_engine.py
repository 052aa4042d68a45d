"""Runs jobs on Beam's own runner in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apache_beam as beam
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
    """One Beam pipeline for each phase, in this process."""

    def run(self, tasks: Sequence[Any], work: beam.PTransform) -> None:
        """One pipeline over all tasks (see Engine.run)."""
        run_here(tasks, work)

    def group(self, sources: Sources, emit: EmitKeys, reduce: ReduceBucket, buckets: int) -> None:
        """By files (see Engine.group)."""
        exchange(self.run, sources, emit, reduce, buckets)

    def close(self) -> None:
        """Nothing is held between phases."""
