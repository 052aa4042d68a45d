"""Runs jobs on a Beam runner that a team already has: Flink, Spark, Dataflow, or any with a job service."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions

from pipeline.runtime.engines.job_service import service_errors_explained
from pipeline.runtime.engines.job_tasks import Gate, allowed_job
from pipeline.runtime.engines.runner_options import check_service, runner_options
from pipeline.runtime.engines.worker_errors import user_errors_unwrapped
from pipeline.runtime.key_groups import EmitKeys, ReduceBucket, Sources

JOB_SECONDS = 10 * 365 * 86_400
"""Beam gives the stream of a job's states the time-out that it has for an answer, so that a job which takes
longer would fail. Whether the service answers is asked before each job."""


class RunnerEngine:
    """One Beam graph for each phase: tasks are created and shuffled to workers; there each is read, worked on
    and written. Workers see the run folder under the path that it has here.

    Args:
        runner: its name (see ``runner_options``).
        options: its options, ``KEY=VALUE`` each.
        run: the run folder.

    Raises:
        UserError: as ``runner_options``.
    """

    def __init__(self, runner: str, options: Sequence[str], run: Path) -> None:
        self._options = runner_options(runner, options)
        self._run = run.resolve()

    @property
    def pipeline_options(self) -> PipelineOptions:
        """A copy, since a runner changes what it is given."""
        options = copy.deepcopy(self._options)
        options.view_as(PortableOptions).job_server_timeout = JOB_SECONDS
        return options

    def run(self, tasks: Sequence[Any], work: beam.PTransform) -> None:
        """One pipeline over all tasks (see Engine.run)."""
        with self._job() as (pipeline, gate):
            pipeline | beam.Create(tasks, reshuffle=True) | "gate" >> beam.ParDo(gate) | work

    def group(self, sources: Sources, emit: EmitKeys, reduce: ReduceBucket, buckets: int) -> None:
        """One pipeline with a GroupByKey (see Engine.group)."""
        with self._job() as (pipeline, gate):
            keys = pipeline | beam.Create(sources, reshuffle=True) | "emit" >> beam.FlatMap(emit)
            grouped = keys | "group" >> beam.GroupByKey()
            grouped | "gate" >> beam.ParDo(gate) | "reduce" >> beam.Map(reduce)

    @contextmanager
    def _job(self) -> Iterator[tuple[beam.Pipeline, Gate]]:
        """A pipeline, which runs when the block ends, and the gate that its tasks must pass. An error or a
        signal cancels the job; what the runner goes on with nevertheless stops at the gate."""
        endpoint = self._options.view_as(PortableOptions).job_endpoint
        with user_errors_unwrapped(), service_errors_explained(endpoint), allowed_job(self._run) as job:
            check_service(self._options)
            pipeline = beam.Pipeline(options=self.pipeline_options)
            yield pipeline, Gate(job)
            result = pipeline.run()
            try:
                result.wait_until_finish()
            except BaseException:
                with suppress(Exception):  # it has ended, or the service has; the first error counts
                    result.cancel()
                raise

    def close(self) -> None:
        """Nothing is held between phases."""
