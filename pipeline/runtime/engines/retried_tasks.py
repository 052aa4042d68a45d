"""Independent tasks of a Ray cluster: a bounded number at once, each tried again where the system failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import ray
from ray.exceptions import RayError, RayTaskError

from pipeline.runtime.pipeline_error import PipelineError

RETRIES = 3
AHEAD = 2
"""Tasks that are handed out for each CPU: one works, the next is on its way."""
LOOK = 5.0
"""Seconds between looks at what takes long, and at the size of the cluster."""


@dataclass(frozen=True)
class Work:
    """What a worker says of a task that is done: ``seconds`` that it took, ``size`` of its input in bytes, 0
    where that is not known."""

    seconds: float
    size: int


class Watch(Protocol):
    """Is told what happens to tasks."""

    def done(self, work: Work) -> None:
        """One is done."""

    def again(self, place: int, why: str) -> None:
        """One is tried again."""

    def running(self, since: Sequence[float]) -> None:
        """When those that are handed out were (time.monotonic)."""


@dataclass
class _Task:
    place: int
    value: Any
    tries: int = 0
    since: float = 0.0
    reference: Any = None


@dataclass
class RetriedTasks:
    """Runs tasks to the end.

    ``start`` hands one out and returns its reference, to a ``Work``. ``cpus``: how many the cluster has now;
    a task takes one. Ray tells when a task has ended, so that nothing looks through all of them.
    """

    start: Callable[[Any], Any]
    cpus: Callable[[], int]
    watch: Watch
    _ended: SimpleQueue[_Task] = field(default_factory=SimpleQueue)
    _out: dict[int, _Task] = field(default_factory=dict)

    def run(self, tasks: Sequence[Any]) -> None:
        """Until all are done. After an error or a signal, those that are out are cancelled.

        Raises:
            PipelineError: the same task has lost its worker too often.
            Exception: that of a task, where it is the user's or the program's, or came too often.
        """
        coming = (_Task(place, value) for place, value in enumerate(tasks))
        try:
            while self._fill(coming):
                self._take(self._next())
        finally:
            for task in self._out.values():
                ray.cancel(task.reference, force=True)

    def _fill(self, coming: Iterator[_Task]) -> bool:
        """Hands tasks out, as many as there is room for. Whether any are out."""
        room = AHEAD * max(1, self.cpus()) - len(self._out)
        for _, task in zip(range(room), coming, strict=False):
            self._hand_out(task)
        return bool(self._out)

    def _hand_out(self, task: _Task) -> None:
        task.since, task.reference = time.monotonic(), self.start(task.value)
        self._out[task.place] = task
        task.reference.future().add_done_callback(lambda _: self._ended.put(task))

    def _next(self) -> _Task:
        while True:
            try:
                return self._ended.get(timeout=LOOK)
            except Empty:
                self.watch.running([task.since for task in self._out.values()])

    def _take(self, task: _Task) -> None:
        del self._out[task.place]
        try:
            self.watch.done(ray.get(task.reference))
        except (RayError, OSError, MemoryError) as error:
            if not of_the_system(error):
                raise
            if task.tries == RETRIES:
                raise _given_up(error) from error
            task.tries += 1
            self.watch.again(task.place, _reason(error))
            self._hand_out(task)


def of_the_system(error: BaseException) -> bool:
    """Whether an error may pass: a worker or a node was lost, or the system refused something. What our code
    or a user's code raised would come again."""
    if isinstance(error, RayTaskError):
        return isinstance(error.cause, OSError | MemoryError)
    return isinstance(error, RayError | OSError | MemoryError)


def _given_up(error: Exception) -> Exception:
    lost = PipelineError(
        f"a part has lost its worker {RETRIES + 1} times ({_reason(error)}); it may need more memory than a "
        "node has: lower --workers or ingest.part_bytes, and run the command again"
    )
    return error if isinstance(error, RayTaskError) else lost


def _reason(error: BaseException) -> str:
    told = getattr(error, "cause", None) or error
    return f"{type(told).__name__}: {str(told).strip().splitlines()[0][:200] if str(told).strip() else ''}"
