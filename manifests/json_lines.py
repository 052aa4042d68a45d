"""Logs of one JSON object a line."""

from __future__ import annotations

from pathlib import Path

from manifests.border.regular_file import regular


def whole_lines(file: Path) -> list[bytes]:
    """The lines of a log with their line breaks, without a torn last one; none if there is no file."""
    if not file.exists():
        return []
    return [line for line in regular(file).read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
