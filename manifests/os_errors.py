"""What the system refuses (a full disk, a quota, a read-only folder), as one line for the user, whichever
library reports it."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from manifests.errors import UserError
from manifests.store.scratch import scratch_root
from manifests.store.store_path import StorePath

_AGAIN = "run the same command again"
_FIXES = {
    errno.ENOSPC: f"free some space there and {_AGAIN}",
    errno.EDQUOT: f"raise the quota, or free some space there, and {_AGAIN}",
    errno.EROFS: "name a folder that can be written to",
    errno.EACCES: "correct the permissions, or name another folder",
    errno.EPERM: "correct the permissions, or name another folder",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "name a file",
}
_SPACE = {errno.ENOSPC, errno.EDQUOT}
_TEXTS = {os.strerror(number).lower(): number for number in _FIXES}
# All that numpy tells of a disk that is full.
_TEXTS["requested and"] = errno.ENOSPC
# Rust (safetensors) and Arrow write the number into the text.
_NUMBER = re.compile(r"(?:os error |errno:? )(\d+)", re.IGNORECASE)


def explained(error: BaseException, path: Path, needed: int | None = None) -> UserError | None:
    """The user's error that a library's error about ``path`` stands for, or None where it is another one.

    The number is taken from an ``OSError``, or from the text: pyarrow does not always set it, and
    safetensors' errors are no OSError at all.

    Args:
        needed: bytes that the file takes at the least, where that is known.
    """
    number = None if isinstance(error, UserError) else _number(error)
    if number is None:
        return None
    what = os.strerror(number)
    if number in _SPACE:
        least = "" if needed is None else f"at least {needed:,} bytes needed, "
        what += f" ({least}{free_bytes(path):,} bytes free)"
    return UserError(what, where=path, fix=_FIXES[number])


def _number(error: BaseException) -> int | None:
    number = error.errno if isinstance(error, OSError) else None
    if number is None and (found := _NUMBER.search(str(error))):
        number = int(found[1])
    if number is None:
        number = next((number for text, number in _TEXTS.items() if text in str(error).lower()), None)
    return number if number in _FIXES else None


def free_bytes(path: Path) -> int:
    """Free bytes of the file system where a path is, or would be; of scratch, for an object."""
    path = scratch_root() if isinstance(path, StorePath) else path
    there = next((folder for folder in (path, *path.absolute().parents) if folder.exists()), Path("/"))
    return shutil.disk_usage(there).free


@contextmanager
def os_errors_explained(path: Path) -> Iterator[None]:
    """Turns the system's refusals inside the block into a UserError about the file that they name, or about
    ``path``."""
    try:
        yield
    except Exception as error:
        named = getattr(error, "filename", None)
        known = explained(error, Path(os.fsdecode(named)) if isinstance(named, str | bytes) else path)
        if known is None:
            raise
        raise known from error
