"""Progress of a phase, read from the records that its workers leave: the same for every engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from manifests.errors import UserError
from manifests.store.store_path import StorePath
from pipeline.runtime.meter import Meter, meter
from pipeline.runtime.receipts import recorded

INTERVAL = 0.25
STORE_INTERVAL = 5.0
"""Of an object store, where each look is a request, or one for a thousand parts."""


@contextmanager
def progress(title: str, folder: Path, names: Sequence[str]) -> Iterator[None]:
    """Shows how many of the named pieces of work are recorded in ``folder``, until the block ends."""
    stop = threading.Event()
    with meter(title, len(names), "part") as shown:
        thread = threading.Thread(target=_watch, args=(stop, shown, folder, names), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _watch(stop: threading.Event, shown: Meter, folder: Path, names: Sequence[str]) -> None:
    interval = STORE_INTERVAL if isinstance(folder, StorePath) else INTERVAL
    waiting = set(names)
    while not stop.wait(interval):
        with suppress(UserError):  # the work's own calls will tell
            waiting -= recorded(folder)
            shown.show(len(names) - len(waiting))
