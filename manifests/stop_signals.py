"""Ctrl-C and SIGTERM: a loop ends at a good place, a step at once; both say how far they came."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from manifests.errors import UserError

Handler = Callable[[int, FrameType | None], None]


class Stopped(UserError):
    """The user, or the system, asked the command to stop.

    Attributes:
        exit_code: 128 + the signal's number, as shells have it: 130 for Ctrl-C, 143 for SIGTERM.
    """

    def __init__(self, what: str, *, where: object = "", fix: str = "", number: int = signal.SIGINT) -> None:
        super().__init__(what, where=where, fix=fix)
        self.exit_code = 128 + number

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.what, self.where, self.fix, self.exit_code - 128)


def _rebuild(what: str, where: str, fix: str, number: int) -> Stopped:
    return Stopped(what, where=where, fix=fix, number=number)


class StopSignal(KeyboardInterrupt):
    """Raised where the program is when the signal comes. No ``Exception``: what forgives a damaged document
    must not forgive this.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(number)
        self.number = number


@dataclass
class StopFlag:
    """What a loop polls. ``number`` is the signal's, 0 as long as none has come."""

    number: int = 0

    @property
    def requested(self) -> bool:
        """Whether a signal has come."""
        return self.number != 0


@contextmanager
def stop_signals() -> Iterator[StopFlag]:
    """For loops: the first signal sets the flag, the second one raises Stopped at once."""
    flag = StopFlag()

    def handle(number: int, _: FrameType | None) -> None:
        if flag.requested:
            raise Stopped("stopped at once by a second signal", number=number)
        flag.number = number

    with _handled_by(handle):
        yield flag


@contextmanager
def stops_at_once() -> Iterator[None]:
    """For work that cannot poll: the first signal raises StopSignal, the second one ends the process, however
    far the first one's clean-up has come."""
    came: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        if came:
            os._exit(128 + number)
        came.append(number)
        raise StopSignal(number)

    with _handled_by(handle):
        yield


@contextmanager
def stop_told(place: Callable[[], str]) -> Iterator[None]:
    """Turns StopSignal into Stopped, which names the place where the work is and says how it goes on."""
    try:
        yield
    except StopSignal as signalled:
        fix = "run the same command to go on"
        raise Stopped(f"stopped in {place()}", fix=fix, number=signalled.number) from None


@contextmanager
def _handled_by(handler: Handler) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only there may handlers be set
        yield
        return
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
