"""What happens to the tasks of a phase on Ray: as metrics of Ray, and beside the progress."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from ray.util.metrics import Counter, Gauge

from pipeline.runtime.engines.retried_tasks import Work
from pipeline.runtime.meter import PROGRESS, note

SLOW, AT_LEAST = 3.0, 30.0
"""A task is slow that has been out for so many times the median of those done, and for so many seconds."""


class TaskWatch:
    """Counts them, from now on. Metrics have the prefix ``ray_openba_`` where Prometheus reads them."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._seconds: list[float] = []
        self._bytes = self._again = self._slow = 0
        self._metrics = {
            "parts_done": Counter("openba_parts_done", "parts that are done"),
            "parts_again": Counter("openba_parts_again", "parts that were tried again"),
            "bytes_done": Counter("openba_bytes_done", "bytes of the parts that are done"),
        }
        self._gauges = {
            "megabytes_per_second": Gauge("openba_megabytes_per_second", "of the phase, since it began"),
            "parts_slow": Gauge("openba_parts_slow", "parts out for thrice the median time"),
        }

    def done(self, work: Work) -> None:
        """One is done."""
        self._seconds.append(work.seconds)
        self._bytes += work.size
        self._metrics["parts_done"].inc()
        if work.size:
            self._metrics["bytes_done"].inc(work.size)
        self._tell()

    def again(self, place: int, why: str) -> None:
        """One is tried again: a line of its own, as what fails now may fail later, too."""
        self._again += 1
        self._metrics["parts_again"].inc()
        PROGRESS.info("task %d is tried again (%s)", place, why)
        self._tell()

    def running(self, since: Sequence[float]) -> None:
        """When those that are out were handed out."""
        now = time.monotonic()
        usual = statistics.median(self._seconds) if self._seconds else float("inf")
        # half of those that are out wait for the others first
        self._slow = sum(now - begun > max(AT_LEAST, (SLOW + 1) * usual) for begun in since)
        self._tell()

    def _tell(self) -> None:
        speed = self._bytes / 1e6 / max(1e-9, time.monotonic() - self._started)
        self._gauges["megabytes_per_second"].set(speed)
        self._gauges["parts_slow"].set(self._slow)
        said = [f"{speed:.1f} MB/s"] if self._bytes else []
        said += [f"{self._again} again"] if self._again else []
        said += [f"{self._slow} slow"] if self._slow else []
        note(", ".join(said))
