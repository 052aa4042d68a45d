"""A pipe in a run folder would keep its reader waiting, and a device, or a link to one, may have no end."""

from __future__ import annotations

import stat
from pathlib import Path

from manifests.border.unsound_file import check
from manifests.store.store_path import StorePath


def regular(path: Path) -> Path:
    """The same path, which is that of a file, or of a folder, whose opening fails. A store
    has nothing else.

    Raises:
        UnsoundFileError: a pipe, a socket or a device.
        FileNotFoundError: there is nothing.
    """
    if isinstance(path, StorePath):
        return path
    mode = path.stat().st_mode
    check(stat.S_ISREG(mode) or stat.S_ISDIR(mode), path, "is a pipe or a device, and no file")
    return path
