"""Lines of JSON that a run writes as it goes, and can take back to where a checkpoint was."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from manifests.border.logs import step_of_line
from manifests.files import atomic_write
from manifests.json_lines import whole_lines


class MetricLog:
    """An append-only JSONL file whose lines have a non-decreasing ``step``.

    Opening it at ``step`` drops the lines of later steps and a torn last line, so that a resumed run leaves
    the same bytes as one that
    was never interrupted. Values must be functions of the run alone: no times, no hosts.
    """

    def __init__(self, file: Path, step: int) -> None:
        kept = [line for line in whole_lines(file) if step_of_line(file, line) <= step]
        with atomic_write(file) as temporary:
            temporary.write_bytes(b"".join(kept))
        self.file = file
        self._stream = file.open("ab")

    def append(self, record: dict[str, Any]) -> None:
        """Adds a line; it may stay in memory until ``flush``."""
        self._stream.write(json.dumps(record, ensure_ascii=False, allow_nan=False).encode() + b"\n")

    def flush(self) -> None:
        """When this returns, all lines are on disk."""
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Flushes and closes the file."""
        with self._stream:
            self.flush()
