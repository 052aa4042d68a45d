"""What a file looks like: while it looks the same, it need not be checked again."""

from __future__ import annotations

from pathlib import Path

from manifests.border.regular_file import regular

FileState = tuple[int, ...]


def state_of(path: Path) -> FileState:
    """Its device, inode, size and times.

    Raises:
        UnsoundFileError: it is no file.
        FileNotFoundError: there is none.
    """
    found = regular(path).stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
