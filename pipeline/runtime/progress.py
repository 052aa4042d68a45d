"""Progress of a phase, read from the records that its workers leave: the same for every engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.runtime.meter import Meter, meter
from pipeline.runtime.receipts import receipt_path

INTERVAL = 0.25


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
    waiting = list(names)
    while not stop.wait(INTERVAL):
        waiting = [name for name in waiting if not receipt_path(folder, name).exists()]
        shown.show(len(names) - len(waiting))
