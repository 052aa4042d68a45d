"""Runs jobs on Ray: one single-worker Beam pipeline per task, retried; shuffles by files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import ray

from pipeline.runtime.engines.ray_address import check_address, unreachable
from pipeline.runtime.engines.worker_errors import user_errors_unwrapped
from pipeline.runtime.exchange import exchange
from pipeline.runtime.key_groups import EmitKeys, ReduceBucket, Sources
from pipeline.runtime.worker_start import Packed

RETRIES = 3


@ray.remote(max_retries=RETRIES, num_cpus=1)  # type: ignore[untyped-decorator]
def _run_one(task: Packed, work: Packed) -> None:
    from pipeline.runtime.engines.beam_engine import run_here  # Beam is loaded by the worker's start

    run_here([task.value], work.value)


def _connect(address: str, **settings: Any) -> None:
    try:
        ray.init(
            address=address, log_to_driver=False, configure_logging=True, logging_level="warning", **settings
        )
    except ConnectionError as error:
        raise unreachable(address, str(error)) from error


class RayEngine:
    """Uses the cluster named by ``RAY_ADDRESS``, else starts one of ``workers`` CPUs in this machine and
    stops it at the end."""

    def __init__(self, workers: int) -> None:
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        # Without an address Ray would join whatever cluster was started last on this machine.
        address = os.environ.get("RAY_ADDRESS", "local")
        if address == "local":
            os.environ.setdefault("RAY_AUTH_MODE", "disabled")
            _connect(address, num_cpus=workers, include_dashboard=False)
        else:
            check_address(address)
            _connect(address)

    def run(self, tasks: Sequence[Any], work: beam.PTransform) -> None:
        """A Ray task with a pipeline of its own for each task (see Engine.run), tried again where it
        fails."""
        shared = ray.put(Packed(work))
        pending = [_run_one.remote(Packed(task), shared) for task in tasks]
        try:
            with user_errors_unwrapped():
                while pending:
                    done, pending = ray.wait(pending)
                    ray.get(done)
        finally:
            for rest in pending:  # after an error or a signal, nobody waits for them
                ray.cancel(rest, force=True)

    def group(self, sources: Sources, emit: EmitKeys, reduce: ReduceBucket, buckets: int) -> None:
        """By files, as in this process (see Engine.group)."""
        exchange(self.run, sources, emit, reduce, buckets)

    def close(self) -> None:
        """Leaves the cluster, and stops it where the engine started it."""
        ray.shutdown()
