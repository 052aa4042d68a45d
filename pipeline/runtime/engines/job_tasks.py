"""Which job of a Beam runner may write into a run folder.

A runner goes on with a job whose command was killed, and some go on with one that was cancelled; the next
command would work beside it. So a job's tasks are allowed by a file that its command owns, and each task
leaves word while it writes. A command first takes the permission of earlier jobs away, then looks for their
tasks. A task leaves word first, then looks for its permission. Whatever the order, one of the two sees the
other (Dijkstra 1965, "Solution of a problem in concurrent programming control", for two).
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from manifests.errors import UserError
from manifests.run_lock import holder, run_lock
from pipeline.runtime.stateless import Stateless

FOLDER = ".beam-jobs"
_ALLOWED, _TASKS = "allowed", "tasks"


@contextmanager
def allowed_job(run: Path) -> Iterator[Path]:
    """A job's folder within the run's, whose tasks may write until the block ends.

    Raises:
        UserError: tasks of an earlier job are still at work in the run folder.
    """
    for earlier in sorted((run / FOLDER).glob("*")):
        _end(earlier)
        working = _at_work(earlier)
        if working:
            raise UserError(
                f"tasks of an earlier job are still at work in it ({working[0]}; {len(working)} in all)",
                where=run,
                fix=f"wait until they end, or stop the job on its runner; if they are dead, remove {earlier}",
            )
    job = run / FOLDER / secrets.token_hex(8)
    job.mkdir(parents=True)
    (job / _ALLOWED).touch()
    try:
        yield job
    finally:
        _end(job)


def _end(job: Path) -> None:
    (job / _ALLOWED).unlink(missing_ok=True)
    if not _at_work(job):
        shutil.rmtree(job, ignore_errors=True)
        with suppress(OSError):
            job.parent.rmdir()


def _at_work(job: Path) -> list[str]:
    return [word for place in sorted((job / _TASKS).glob("*")) if (word := holder(place))]


@contextmanager
def _task(job: Path) -> Iterator[None]:
    place = job / _TASKS / secrets.token_hex(8)
    try:
        with run_lock(place, f"host {socket.gethostname()}, pid {os.getpid()}"):
            if not (job / _ALLOWED).exists():
                raise UserError("the command that sent this job is no longer there, so that its tasks end")
            yield
    finally:
        for folder in (place, place.parent, job, job.parent):
            with suppress(OSError):  # another task's word is there
                folder.rmdir()


class Gate(Stateless):
    """Lets a job's tasks through while they are allowed, and holds each one's word until what follows, fused
    with it, is done."""

    def __init__(self, job: Path) -> None:
        self._job = job
        self._sender = (socket.gethostname(), os.getpid())

    def setup(self) -> None:
        """Sends standard output to standard error in a worker of its own: Beam's pool of workers gives them a
        pipe that nobody reads, and a worker that fills it hangs."""
        if (socket.gethostname(), os.getpid()) != self._sender:
            os.dup2(2, 1)

    def process(self, task: Any) -> Iterator[Any]:
        """The task as it is.

        Raises:
            UserError: its command has ended.
        """
        with _task(self._job):
            yield task
