"""Following a job: its lines as they come, a bar or a sign of life between them, its exit code."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Protocol

import aiohttp
from tqdm import tqdm

from manifests.errors import UserError
from manifests.output import complain, say

SILENCE = 30.0
"""Seconds without a line, after which a sign of life is given."""
TRIES = 5
_PROGRESS = re.compile(r"(?P<title>[^\n]+): (?P<done>[\d,]+) of (?P<total>[\d,]+) (?P<rest>[^\n]*)")


class State(Protocol):
    """See jobs.JobState."""

    @property
    def status(self) -> str:
        """In Ray's words."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""

    @property
    def code(self) -> int | None:
        """The command's exit code."""

    @property
    def message(self) -> str:
        """What Ray says about it."""


class Followed(Protocol):
    """A cluster's jobs, as far as they are followed (see jobs.Jobs)."""

    def state(self, job: str) -> State:
        """What has become of a job."""

    def log(self, job: str) -> AsyncIterator[str]:
        """What it writes."""


class Shown:
    """The lines of a job. Those that say how far a phase is move a bar at the foot of a terminal; elsewhere
    they stay lines."""

    def __init__(self, job: str) -> None:
        self._job, self._started, self._rest, self._written = job, time.monotonic(), "", 0
        self._bar = tqdm(total=1, desc=job, leave=False, dynamic_ncols=True) if sys.stderr.isatty() else None

    def add(self, piece: str) -> None:
        """Shows the whole lines that there are with the next piece of the log."""
        *lines, self._rest = (self._rest + piece).split("\n")
        for line in lines:
            self._line(line)

    def silent(self, status: str) -> None:
        """A sign of life."""
        if self._bar is None:
            complain(f"{self._job}: {status}, {time.monotonic() - self._started:.0f} s")
        else:
            self._bar.refresh()

    def close(self) -> None:
        """Shows what is left, and takes the bar away."""
        if self._rest:
            self._line(self._rest)
        if self._bar is not None:
            self._bar.close()

    def _line(self, line: str) -> None:
        found = _PROGRESS.fullmatch(line)
        if self._bar is not None and found:
            self._bar.total = int(found["total"].replace(",", ""))
            self._bar.n = int(found["done"].replace(",", ""))
            self._bar.set_description(found["title"])
        elif self._bar is not None:
            self._bar.clear()
            say(line)
            self._bar.refresh()
        else:
            say(line)


def follow(jobs: Followed, job: str) -> int:
    """Shows what a job writes until it ends; its exit code.

    Raises:
        UserError: there is no such job, it ended before its command did, or the cluster is gone.
    """
    jobs.state(job)
    shown = Shown(job)
    try:
        asyncio.run(_follow(jobs, job, shown))
    finally:
        shown.close()
    state = jobs.state(job)
    if state.code is not None:
        return state.code
    if state.status == "SUCCEEDED":
        return 0
    raise UserError(f"the job ended as {state.status} ({state.message or 'Ray says no more'})", where=job)


async def _follow(jobs: Followed, job: str, shown: Shown) -> None:
    """The log to its end. A broken connection is made again, and what has been shown is passed over."""
    seen = tries = 0
    while True:
        past = 0
        with suppress(RuntimeError, OSError, aiohttp.ClientError):  # the state says what has ended
            async for piece in _with_signs_of_life(jobs, job, shown):
                fresh = piece[max(0, seen - past) :]
                past += len(piece)
                shown.add(fresh)
                seen, tries = seen + len(fresh), 0 if fresh else tries
        if jobs.state(job).ended:
            return
        tries += 1
        if tries == TRIES:
            raise UserError("its log cannot be followed; it goes on", where=job, fix="attach to it again")
        await asyncio.sleep(tries)


async def _with_signs_of_life(jobs: Followed, job: str, shown: Shown) -> AsyncIterator[str]:
    pieces = jobs.log(job)
    while True:
        coming = asyncio.ensure_future(anext(pieces, None))
        while not (await asyncio.wait({coming}, timeout=SILENCE))[0]:
            shown.silent(jobs.state(job).status)
        piece = coming.result()
        if piece is None:
            return
        yield piece
