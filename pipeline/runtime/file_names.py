"""Names of the files that phases write."""

from __future__ import annotations

from pathlib import Path


def part_name(index: int) -> str:
    """Name of a part's files, without what follows the dot."""
    return f"part-{index:05d}"


def part_index(path: Path) -> int:
    """The index of the part that a file belongs to."""
    return int(path.stem.removeprefix("part-"))


def bucket_name(bucket: int) -> str:
    """Name of a bucket's files, without what follows the dot."""
    return f"bucket-{bucket:05d}"
