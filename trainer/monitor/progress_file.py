"""Where a running training is, for ``openba status``: a small file that is written again and again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from manifests.files import write_json
from trainer.monitor.callbacks import Callback
from trainer.monitor.throughput_and_mfu import Throughput

NAME = "progress.json"
PERIOD = 10.0
"""Seconds between two writes."""


class ProgressFile(Callback):
    """Writes the step's metrics and the speed to ``progress.json``; it is gone when the training ends."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._next = 0.0

    def step(self, record: dict[str, Any], throughput: Throughput) -> None:
        """Writes the file, if it is time to."""
        if throughput.elapsed < self._next:
            return
        self._next = throughput.elapsed + PERIOD
        now = datetime.now().astimezone().isoformat(" ", "seconds")
        speed = {"at": now, "tokens_per_second": throughput.tokens_per_second, "mfu": throughput.mfu}
        write_json(self._file, record | speed)

    def close(self) -> None:
        """Removes the file."""
        self._file.unlink(missing_ok=True)
