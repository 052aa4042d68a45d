"""Progress of a phase, read from the records that its workers leave: the same bar for every engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from pipeline.runtime.receipts import receipt_path

INTERVAL = 0.25


@contextmanager
def progress(title: str, folder: Path, names: Sequence[str]) -> Iterator[None]:
    """Shows how many of the named pieces of work are recorded in ``folder``, until the block ends."""
    stop = threading.Event()
    bar = tqdm(
        total=len(names) or None, desc=title, unit="part", leave=False, dynamic_ncols=True, disable=None
    )

    def watch() -> None:
        waiting = list(names)
        while not stop.wait(INTERVAL):
            waiting = [name for name in waiting if not receipt_path(folder, name).exists()]
            bar.n = len(names) - len(waiting)
            bar.refresh()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        bar.close()
