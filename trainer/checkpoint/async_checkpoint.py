"""Writes checkpoints beside the training, which goes on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread

from trainer.checkpoint.checkpoint import Checkpoint


class AsyncCheckpointWriter:
    """One write at a time. What is written must be a copy that the training does not touch any more."""

    def __init__(self) -> None:
        self._pending: Future[Checkpoint] | None = None

    def start(self, write: Callable[[], Checkpoint]) -> None:
        """Begins a write. The one before must have been waited for."""
        assert self._pending is None
        self._pending = Future()
        # A daemon: the end of the process does not wait for it.
        Thread(target=_settle, args=(self._pending, write), name="checkpoint", daemon=True).start()

    @property
    def done(self) -> bool:
        """Whether a write has ended that was not waited for yet."""
        return self._pending is not None and self._pending.done()

    def wait(self) -> Checkpoint | None:
        """The checkpoint that was being written, when it is on disk; None where none was.

        Raises:
            CheckpointError: the write failed.
        """
        pending, self._pending = self._pending, None
        return None if pending is None else pending.result()

    def close(self, *, wait: bool) -> None:
        """Waits for a write that is going on, whatever comes of it, or leaves it."""
        pending, self._pending = self._pending, None
        if pending is not None and wait:
            pending.exception()


def _settle(future: Future[Checkpoint], write: Callable[[], Checkpoint]) -> None:
    try:
        future.set_result(write())
    except BaseException as error:
        future.set_exception(error)
