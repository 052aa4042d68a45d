"""What a training needs for its next steps, made by a thread beside it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from itertools import count
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Generic, TypeVar

AHEAD = 2
"""Steps that are ready or in the making, beside the one at work. Two, because what one step takes differs
from another by its denoisers and by what the disk has to fetch; counted in steps and not in bytes, because
all steps of a stage have as many samples: a process holds 24 to 40 bytes a token of its part of each."""

T = TypeVar("T")


class Prefetcher(Generic[T]):
    """``make(step)`` for one step after the other, AHEAD of who takes them. Callers close it.

    Args:
        make: called by a single thread, in the order of the steps, and never for two at a time.
        end: the first step that is not to be made, asked before each.
    """

    def __init__(self, make: Callable[[int], T], end: Callable[[], int]) -> None:
        self._make, self._end = make, end
        self._running: _Maker[T] | None = None

    def take(self, step: int) -> T:
        """That of a step, when it is ready. They are taken in their order, from any first one on, also after
        ``close`` or an error.

        Raises:
            IndexError: there is no such step.
            Exception: what ``make`` raised for this step, here and not when it was made.
        """
        if step >= self._end():
            raise IndexError(f"step {step} is not one of the {self._end()}")
        if self._running is None:
            self._running = _Maker(self._make, self._end, step)
        outcome = self._running.take(step)
        if outcome.exception() is not None:
            self.close()  # nothing comes after it
        return outcome.result()

    def close(self, *, wait: bool = True) -> None:
        """Throws away what is ready. ``wait`` for what is in the making, which ``make`` may not do after
        that; the next ``take`` begins anew."""
        running, self._running = self._running, None
        if running is not None:
            running.stop(wait=wait)


class _Maker(Generic[T]):
    """A thread that makes the steps from ``first`` on until it is stopped, or one of them fails."""

    def __init__(self, make: Callable[[int], T], end: Callable[[], int], first: int) -> None:
        self._make, self._end, self._first = make, end, first
        self._ready: SimpleQueue[tuple[int, Future[T]]] = SimpleQueue()
        self._room, self._stopped = Semaphore(AHEAD), False
        # A daemon: the end of the process does not wait for it.
        self._thread = Thread(target=self._run, name="data", daemon=True)
        self._thread.start()

    def take(self, step: int) -> Future[T]:
        made, outcome = self._ready.get()
        assert made == step
        self._room.release()
        return outcome

    def stop(self, *, wait: bool) -> None:
        self._stopped = True
        self._room.release()
        if wait:
            self._thread.join()

    def _run(self) -> None:
        for step in count(self._first):
            self._room.acquire()
            if self._stopped or step >= self._end():
                return
            outcome: Future[T] = Future()
            try:
                outcome.set_result(self._make(step))
            except BaseException as error:
                outcome.set_exception(error)
            self._ready.put((step, outcome))
            if outcome.exception() is not None:
                return
