"""Copies of objects in a folder of this machine, to be mapped, and what is on its way into a store.

Each process has a folder of its own below ``OPENBA_SCRATCH`` (by default the system's folder for temporary
files) and keeps at most ``OPENBA_SCRATCH_GB`` (by default 20) of copies there: what was asked for longest ago
goes first. A copy that is mapped stays readable when it goes. The folder goes with the process, or, where
that was killed, when the next one begins.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from manifests.errors import UserError
from manifests.store import objects

FOLDER, GIGABYTES = "OPENBA_SCRATCH", "OPENBA_SCRATCH_GB"
_DEFAULT_GB = 20.0
_ALIVE = ".alive"


def copy_of(url: str) -> Path:
    """A file of this machine with the bytes of the object as it is now.

    Raises:
        FileNotFoundError: there is no object.
        UserError: the store refuses or fails.
        OSError: scratch is full, or cannot be written to.
    """
    return _scratch().copy_of(url)


@contextmanager
def uploaded(url: str) -> Iterator[Path]:
    """Yields a temporary path in scratch; on success its bytes become the object, at once, else it is
    removed."""
    scratch = _scratch()
    temporary = scratch.folder / f".{PurePosixPath(url).name}.{secrets.token_hex(8)}.tmp"
    try:
        yield temporary
        scratch.keep(url, objects.put_file(url, temporary), temporary)
    finally:
        temporary.unlink(missing_ok=True)


def scratch_root() -> Path:
    """The folder in which the processes of this user have theirs."""
    return Path(os.environ.get(FOLDER) or tempfile.gettempdir()) / f"openba-scratch-{os.getuid()}"


def clear_scratch() -> None:
    """Removes this process's folder, and those of processes that have died."""
    global _own
    with _lock:
        if _own is not None:
            _own.remove()
            _own = None
    _remove_dead()


class _Scratch:
    """The folder of one process. The lock on a file in it tells others that the process lives."""

    def __init__(self) -> None:
        root = scratch_root()
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_dead()
        self.folder = Path(tempfile.mkdtemp(dir=root))
        self._alive = (self.folder / _ALIVE).open("wb")
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        self._most = _most_bytes()

    def copy_of(self, url: str) -> Path:
        with _lock:
            found = objects.head(url)
            copy = self._place(url, found)
            if copy.exists():
                os.utime(copy)
                return copy
            self._make_room(found.size)
            temporary = copy.with_name(f".{copy.name}.tmp")
            try:
                objects.get_file(url, temporary, found.size)
                temporary.replace(copy)
            finally:
                temporary.unlink(missing_ok=True)
            return copy

    def keep(self, url: str, found: objects.Head, file: Path) -> None:
        """What was just put need not be fetched."""
        with _lock:
            self._make_room(found.size)
            file.replace(self._place(url, found))

    def remove(self) -> None:
        self._alive.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _place(self, url: str, found: objects.Head) -> Path:
        key = hashlib.sha256(f"{url}\0{found.size}\0{found.stamp}".encode()).hexdigest()
        return self.folder / f"{key[:32]}-{PurePosixPath(url).name}"

    def _make_room(self, size: int) -> None:
        """Copies alone go; what is on its way into the store begins with a dot."""
        copies = [(entry.stat(), entry.path) for entry in os.scandir(self.folder) if entry.name[0] != "."]
        total = size + sum(status.st_size for status, _ in copies)
        for status, copy in sorted(copies, key=lambda one: one[0].st_mtime_ns):
            if total <= self._most:
                return
            Path(copy).unlink()
            total -= status.st_size


_own: _Scratch | None = None
_lock = threading.RLock()


def _scratch() -> _Scratch:
    global _own
    with _lock:
        if _own is None:
            _own = _Scratch()
        return _own


def _most_bytes() -> int:
    text = os.environ.get(GIGABYTES) or str(_DEFAULT_GB)
    with suppress(ValueError):
        if (number := float(text)) > 0:
            return int(number * 1e9)
    raise UserError(f"{text!r} is no number of gigabytes", where=GIGABYTES, fix="set it to one above 0")


def _remove_dead() -> None:
    for alive in scratch_root().glob(f"*/{_ALIVE}"):
        with suppress(OSError), alive.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(alive.parent, ignore_errors=True)


def _forked() -> None:
    """The folder is the parent's."""
    global _own, _lock
    _own, _lock = None, threading.RLock()


os.register_at_fork(after_in_child=_forked)
atexit.register(clear_scratch)
