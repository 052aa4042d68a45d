"""Durable files: written under a temporary name, flushed, renamed; and their hashes."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from manifests.border.file_state import FileState, state_of
from manifests.border.regular_file import regular
from manifests.border.unsound_file import UnsoundFileError
from manifests.errors import UserError
from manifests.os_errors import explained
from manifests.store import scratch
from manifests.store.local_copy import fetched_again, local
from manifests.store.store_path import StorePath


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with regular(local(path)).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cached_sha256(path: Path) -> str:
    """SHA-256 of a file, read once in a process for as long as its inode, size and times stay what they
    are."""
    path = local(path)
    return _remembered(path, state_of(path))


@functools.lru_cache(maxsize=1 << 14)
def _remembered(path: Path, state: FileState) -> str:
    return sha256(path)


def has_sha256(path: Path, expected: str) -> bool:
    """Whether a file has these bytes. An object's are fetched again once where they have not: they may have
    been changed on their way."""
    return cached_sha256(path) == expected or (fetched_again(path) and cached_sha256(path) == expected)


def digest(value: object) -> str:
    """SHA-256 of a JSON-able value in canonical form."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sync(path: Path) -> None:
    """Makes a file's bytes, or the names in a folder, durable; an object is from the beginning."""
    if isinstance(path, StorePath):
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def drop_page_cache(path: Path) -> None:
    """Lets the system drop a durable file from its cache, since it will not be read again soon. What maps it
    keeps what it has mapped."""
    if not hasattr(os, "posix_fadvise") or isinstance(path, StorePath):
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


@contextmanager
def atomic_write(path: Path, sync_folder: bool = True) -> Iterator[Path]:
    """Yields a temporary path in the same folder; on success it is flushed to disk and renamed to ``path``,
    else removed. That of an object is in scratch, and is put into the store, at once.

    Without ``sync_folder`` the caller makes the new name durable, once for many files.

    Raises:
        UserError: the disk is full, the folder cannot be written to, and the like.
    """
    if isinstance(path, StorePath):
        with scratch.uploaded(str(path)) as temporary:
            yield temporary
        return
    # A process's number does not do: on another host that works in the same folder it may be the same one.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        sync(temporary)
        temporary.replace(path)
        if sync_folder:
            sync(path.parent)
    except BaseException as error:
        known = failed_write(error, temporary)
        if known is None:
            raise
        raise known from error


def failed_write(error: BaseException, temporary: Path) -> UserError | None:
    """Removes a temporary file of ``atomic_write`` that could not be written to its end.

    Returns:
        The user's error about its final name, where the system refused to write; else None.
    """
    written = None
    with suppress(OSError):
        written = temporary.stat().st_size
        temporary.unlink()
    return explained(error, temporary.with_name(temporary.name[1:].rsplit(".", 2)[0]), written or None)


def write_json(path: Path, value: Any) -> None:
    """Writes a value as indented JSON, atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(
            json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )


def safe_join(folder: Path, relative: str) -> Path:
    """The path ``folder / relative``, which must not leave ``folder``.

    Raises:
        UnsoundFileError: ``relative`` is absolute or climbs out of the folder.
    """
    root = folder.resolve()
    path = (root / relative).resolve()
    if not path.is_relative_to(root):
        raise UnsoundFileError(f"{relative!r} leads out of {folder}")
    return folder / relative
