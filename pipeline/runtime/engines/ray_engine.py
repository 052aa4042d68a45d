"""Runs jobs on Ray: one single-worker Beam pipeline per task, retried; shuffles as a Ray Data group-by."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import ray

from manifests.run_folder import run_folder
from pipeline.runtime.engines.ray_address import check_address, unreachable
from pipeline.runtime.engines.worker_errors import user_errors_unwrapped
from pipeline.runtime.key_groups import EmitKeys, ReduceBucket
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
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.WARNING)

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

    def group(
        self, sources: Sequence[tuple[int, Path]], emit: EmitKeys, reduce: ReduceBucket, buckets: int
    ) -> None:
        """A Ray Data group-by (see Engine.group).

        A bucket holds a few MiB of keys, so one partition a bucket suits any corpus. Ray's default is 200, a
        task each, which takes a small corpus a minute a shuffle."""

        def keys(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
            return (
                {"bucket": bucket, "payload": payload}
                for bucket, payload in emit((row["index"], run_folder(row["path"])))
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
