"""Files of this machine for paths that may be behind a URL."""

from __future__ import annotations

import shutil
from pathlib import Path

from manifests.store import objects, scratch
from manifests.store.store_path import StorePath


def local(path: Path) -> Path:
    """A file of this machine with the bytes of a path, to be mapped: the path itself, or a copy of the object
    as it is now.

    Raises:
        FileNotFoundError: there is no object.
        UserError: the store refuses or fails.
    """
    return scratch.copy_of(str(path)) if isinstance(path, StorePath) else path


def fetched_again(path: Path) -> bool:
    """Whether a path is that of an object: its copy, which has not the bytes that it should have, is gone
    then."""
    if isinstance(path, StorePath):
        local(path).unlink(missing_ok=True)
        return True
    return False


def remove_tree(folder: Path) -> None:
    """Removes a folder and all that is in it."""
    if isinstance(folder, StorePath):
        objects.remove_below(str(folder))
    else:
        shutil.rmtree(folder)
