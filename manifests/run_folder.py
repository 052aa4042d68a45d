"""A run folder must be a folder that this machine can reach by a path."""

from __future__ import annotations

import re
from pathlib import Path

from manifests.errors import UserError

# ``Path`` has made one slash of two.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def checked_run_folder(folder: Path) -> Path:
    """The folder, which may be still to be made.

    Raises:
        UserError: it is written as a URL, or is a file.
    """
    if _URL.match(str(folder)):
        raise UserError(
            "a run folder cannot be a URL",
            where=str(folder).replace(":/", "://", 1),
            fix="name a folder of this machine, or mount the bucket and name the folder it is mounted at",
        )
    if folder.exists() and not folder.is_dir():
        raise UserError("is a file, not a run folder", where=folder, fix="name a folder")
    return folder
