"""Runs jobs on Ray: one single-worker Beam pipeline per task; shuffles by files."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import ray

from pipeline.runtime.engines.ray_address import check_address, unreachable
from pipeline.runtime.engines.retried_tasks import RetriedTasks, Work
from pipeline.runtime.engines.task_watch import TaskWatch
from pipeline.runtime.engines.worker_errors import system_errors_unwrapped, user_errors_unwrapped
from pipeline.runtime.exchange import exchange
from pipeline.runtime.key_groups import EmitKeys, ReduceBucket, Sources
from pipeline.runtime.worker_start import Packed

MEMORY = 1_000_000_000
"""Bytes that a task asks for: what a worker takes, and Beam."""


# We try it again ourselves, and know of it: see RetriedTasks.
@ray.remote(max_retries=0, num_cpus=1)  # type: ignore[untyped-decorator]
def _run_one(task: Packed, work: Packed) -> Work:
    from pipeline.runtime.engines.beam_engine import run_here  # Beam is loaded by the worker's start

    started = time.monotonic()
    with system_errors_unwrapped():
        run_here([task.value], work.value)
    path = getattr(getattr(task.value, "reader", None), "path", None)
    return Work(time.monotonic() - started, path.stat().st_size if isinstance(path, Path) else 0)


def _cpus() -> int:
    return int(ray.cluster_resources().get("CPU", 1))


def _memory() -> int:
    """What a task asks for: never more than the largest node has, where it would wait for ever."""
    largest = max((node["Resources"].get("memory", 0) for node in ray.nodes() if node["Alive"]), default=0)
    return int(min(MEMORY, largest))


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
        """A Ray task with a pipeline of its own for each task (see Engine.run), tried again where the system
        failed."""
        shared, memory = ray.put(Packed(work)), _memory()
        run_one = _run_one.options(memory=memory)
        with user_errors_unwrapped():
            RetriedTasks(lambda task: run_one.remote(Packed(task), shared), _cpus, TaskWatch()).run(tasks)

    def group(self, sources: Sources, emit: EmitKeys, reduce: ReduceBucket, buckets: int) -> None:
        """By files, as in this process (see Engine.group)."""
        exchange(self.run, sources, emit, reduce, buckets)

    def close(self) -> None:
        """Leaves the cluster, and stops it where the engine started it."""
        ray.shutdown()
