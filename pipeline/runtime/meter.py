"""How far a piece of work is: a bar on a terminal, else a line in the log every ten seconds.

Both are shown where the logger ``openba.progress`` is at level INFO; by default, and so in a library, it is
not.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from tqdm import tqdm

PROGRESS = logging.getLogger("openba.progress")
PERIOD = 10.0


_note = ""


def note(text: str) -> None:
    """What an engine has to say beside how much is done, until the meter closes."""
    global _note
    _note = text


class Meter(Protocol):
    """Is told how much is done."""

    def show(self, done: int) -> None:
        """``done`` pieces are done by now."""


class Bar:
    """A bar at the foot of a terminal, gone when the work is done."""

    def __init__(self, title: str, total: int, unit: str) -> None:
        self._bar = tqdm(total=total or None, desc=title, unit=unit, leave=False, dynamic_ncols=True)

    def show(self, done: int) -> None:
        """Moves the bar."""
        self._bar.set_postfix_str(_note, refresh=False)
        self._bar.n = done
        self._bar.refresh()

    def close(self) -> None:
        """Takes the bar away."""
        self._bar.close()


class LogLines:
    """Lines for a file or a scheduler's log. Work that takes less than a period leaves none."""

    def __init__(
        self, title: str, total: int, unit: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._title, self._total, self._unit, self._clock = title, total, unit, clock
        self._started = clock()
        self._next = self._started + PERIOD

    def show(self, done: int) -> None:
        """A line, if it is time for one."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + PERIOD
        state = f"{done:,} of {self._total:,} {self._unit}s, " if self._total else ""
        said = f"{_note}, " if _note else ""
        PROGRESS.info("%s: %s%s%.0f s", self._title, state, said, now - self._started)

    def close(self) -> None:
        """There is nothing to close."""


@contextmanager
def meter(title: str, total: int, unit: str) -> Iterator[Meter]:
    """The meter that suits standard error, for as long as the block lasts. ``total`` may be 0: not known."""
    shown = sys.stderr.isatty() and PROGRESS.isEnabledFor(logging.INFO)
    opened = (Bar if shown else LogLines)(title, total, unit)
    try:
        yield opened
    finally:
        opened.close()
        note("")
