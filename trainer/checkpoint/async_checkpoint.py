"""Writes checkpoints beside the training, which goes on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from manifests.errors import UserError


class CheckpointError(UserError):
    """A checkpoint could not be written; the message says why and what to do."""


class AsyncCheckpointWriter:
    """One write at a time. What is written must be a copy that the training does not touch any more."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "checkpoint")
        self._pending: Future[object] | None = None

    def start(self, write: Callable[[], object]) -> None:
        """Begins a write as soon as the one before has ended.

        Raises:
            CheckpointError: the one before failed.
        """
        self.wait()
        self._pending = self._pool.submit(write)

    def wait(self) -> None:
        """Returns when everything is on disk.

        Raises:
            CheckpointError: the write failed.
        """
        pending, self._pending = self._pending, None
        if pending is None:
            return
        try:
            pending.result()
        except OSError as error:
            fix = "free some space there, then train again: it goes on from the last whole checkpoint"
            raise CheckpointError(f"a checkpoint could not be written: {error}; {fix}") from None

    def close(self) -> None:
        """Waits for a write that is going on, whatever comes of it."""
        self._pool.shutdown()
