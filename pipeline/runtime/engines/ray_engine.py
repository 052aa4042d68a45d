"""Runs jobs on Ray: one single-worker Beam pipeline per task; shuffles as a Ray Data group-by."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import ray

from pipeline.runtime.engines.ray_address import check_address, unreachable
from pipeline.runtime.engines.retried_tasks import RetriedTasks, Work
from pipeline.runtime.engines.task_watch import TaskWatch
from pipeline.runtime.engines.worker_errors import system_errors_unwrapped, user_errors_unwrapped
from pipeline.runtime.key_groups import EmitKeys, ReduceBucket
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
    return Work(time.monotonic() - started, path.stat().st_size if path else 0)


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
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.WARNING)

    def run(self, tasks: Sequence[Any], work: beam.PTransform) -> None:
        """A Ray task with a pipeline of its own for each task (see Engine.run), tried again where the system
        failed."""
        shared, memory = ray.put(Packed(work)), _memory()
        run_one = _run_one.options(memory=memory)
        with user_errors_unwrapped():
            RetriedTasks(lambda task: run_one.remote(Packed(task), shared), _cpus, TaskWatch()).run(tasks)

    def group(
        self, sources: Sequence[tuple[int, Path]], emit: EmitKeys, reduce: ReduceBucket, buckets: int
    ) -> None:
        """A Ray Data group-by (see Engine.group).

        A bucket holds a few MiB of keys, so one partition a bucket suits any corpus. Ray's default is 200, a
        task each, which takes a small corpus a minute a shuffle."""

        def keys(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
            return (
                {"bucket": bucket, "payload": payload}
                for bucket, payload in emit((row["index"], Path(row["path"])))
            )

        def reduced(group: dict[str, Any]) -> dict[str, Any]:
            return {
                "bucket": [
                    reduce((int(group["bucket"][0]), [bytes(payload) for payload in group["payload"]]))
                ]
            }

        rows = [{"index": index, "path": str(path)} for index, path in sources]
        data = (
            ray.data.from_items(rows)
            .flat_map(keys)
            .groupby("bucket", num_partitions=buckets)
            .map_groups(reduced, batch_format="numpy")
        )
        with user_errors_unwrapped():
            data.materialize()

    def close(self) -> None:
        """Leaves the cluster, and stops it where the engine started it."""
        ray.shutdown()
