"""One command at a time works in a run folder: a lock file says which."""

from __future__ import annotations

import errno
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from manifests.border.json_files import read_object
from manifests.errors import UserError
from manifests.os_errors import os_errors_explained
from manifests.run_folder import checked_run_folder
from manifests.store.objects import put_if_absent
from manifests.store.scratch import clear_scratch
from manifests.store.store_path import StorePath

NAME = ".lock"
EXPIRY = 600.0
"""Seconds after which a lock in a store that was not renewed is that of a dead process."""
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}


@dataclass(frozen=True)
class _Holder:
    """The process that works in a folder. ``started`` tells it from a later process of the same number;
    ``space`` is where its number counts (machine start and PID namespace). ``renewed``: when it last said in
    a store that it lives, seconds since 1970; 0 in a folder, where it need not."""

    command: str
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    started: str = field(default_factory=lambda: _started(os.getpid()))
    boot: str = field(default_factory=lambda: _read_text(Path("/proc/sys/kernel/random/boot_id")))
    namespace: str = field(default_factory=lambda: _pid_namespace())
    since: str = field(default_factory=lambda: datetime.now().astimezone().isoformat(" ", "seconds"))
    key: str = field(default_factory=lambda: secrets.token_hex(8))
    renewed: float = 0.0


@contextmanager
def run_lock(folder: Path, command: str) -> Iterator[None]:
    """Holds a run folder, which is made where it is not there, until the block ends.

    A lock whose process has died on this host is taken over; one of another host is respected, since nothing
    here can tell whether that process lives. In a store, where the lock is an object that its holder renews,
    it is taken over when it was not renewed for ``EXPIRY`` seconds. Of several processes of one training only
    rank 0 takes the lock.

    Args:
        command: as the user calls it, such as ``openba train``; shown to the one that comes second.

    Raises:
        UserError: another command holds the folder, or it cannot be written to.
    """
    path = checked_run_folder(folder) / NAME
    stored = isinstance(path, StorePath)
    mine = _Holder(command, renewed=time.time() if stored else 0.0)
    with os_errors_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _take(path, mine)
    try:
        with _renewed(path, mine) if stored else nullcontext():
            yield
    finally:
        _release(path, mine)
        if stored:
            clear_scratch()


@contextmanager
def _renewed(path: Path, mine: _Holder) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=_renew, args=(stop, path, mine), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _renew(stop: threading.Event, path: Path, mine: _Holder) -> None:
    """Until the lock is another's: somebody removed it by hand, or took it over while this process was
    held up."""
    while not stop.wait(EXPIRY / 10):
        with suppress(OSError, UserError):
            found = _read(path)
            if found is None or found.key != mine.key:
                return
            path.write_bytes(_content(replace(mine, renewed=time.time())))


def holder(folder: Path) -> str | None:
    """The command that works in a run folder, as far as can be seen from here.

    Raises:
        UserError: it cannot be read.
    """
    found = _read(folder / NAME)
    return found.command if found and _may_live(found) else None


def _take(path: Path, mine: _Holder) -> None:
    if _created(path, mine):
        return
    holder = _read(path)
    if holder is None:  # given back meanwhile
        _take(path, mine)
        return
    if _may_live(holder):
        raise _in_use(path, holder)
    # Of all who found the same dead holder one may replace it; the guard is a lock like any other, so that
    # one who dies while replacing is replaced in turn.
    guard = path.with_name(path.name + "-takeover")
    _take(guard, mine)
    try:
        _replace(path, holder, mine)
    finally:
        _release(guard, mine)


def _replace(path: Path, dead: _Holder, mine: _Holder) -> None:
    found = _read(path)
    if found == dead and isinstance(path, StorePath):
        path.write_bytes(_content(mine))
    elif found == dead:
        _written(path, mine).replace(path)
    elif not _created(path, mine):
        raise _in_use(path, found or dead)


def _created(path: Path, mine: _Holder) -> bool:
    """Whether the lock was free and is now ours. A link is atomic on NFS too, where its answer may get lost:
    the count of links is what tells."""
    if isinstance(path, StorePath):
        return put_if_absent(str(path), _content(mine))
    temporary = _written(path, mine)
    try:
        os.link(temporary, path)
        return True
    except FileExistsError:
        return temporary.stat().st_nlink == 2
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _created_without_link(path, temporary.read_bytes())
    finally:
        temporary.unlink()


def _created_without_link(path: Path, content: bytes) -> bool:
    """The same where a file system has no links: whole only a moment after the name is there."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def _written(path: Path, holder: _Holder) -> Path:
    temporary = path.with_name(f"{path.name}-{holder.key}-{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(_content(holder))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _content(holder: _Holder) -> bytes:
    return (json.dumps(asdict(holder)) + "\n").encode()


def _read(path: Path) -> _Holder | None:
    """Who holds a lock; None where nobody does.

    Raises:
        UserError: the file is not one that ``run_lock`` wrote.
    """
    try:
        return _Holder(**read_object(path))
    except FileNotFoundError:
        if isinstance(path, StorePath) or not path.is_symlink():
            return None
    except (ValueError, TypeError):
        pass
    fix = f"remove {path} if no command works in that folder"
    raise UserError("is locked, by whom cannot be read", where=path.parent, fix=fix)


def _release(path: Path, mine: _Holder) -> None:
    """Gives a lock back, unless somebody removed it by hand and it is another's by now."""
    with suppress(OSError, UserError):
        found = _read(path)
        if found is not None and found.key == mine.key:
            path.unlink()


def _may_live(holder: _Holder) -> bool:
    here = _Holder("")
    if holder.renewed and time.time() - holder.renewed > EXPIRY:
        return False
    if holder.host != here.host:
        return True
    if holder.boot != here.boot:
        return False
    if holder.namespace != here.namespace:
        return True
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, and is another user's
        pass
    started = _started(holder.pid)
    return not started or started == holder.started


def _started(pid: int) -> str:
    """When a process began, in clock ticks since the machine did; "" where the system does not say, "0" for
    one that has ended and waits for its parent (proc(5), /proc/pid/stat, fields 3 and 22)."""
    # The second field is the program's name, in brackets; it may hold blanks and brackets.
    fields = _read_text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    if not fields:
        return ""
    return "0" if fields[0] in "ZX" else fields[19]


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _in_use(path: Path, holder: _Holder) -> UserError:
    who = f"`{holder.command}` (host {holder.host}, pid {holder.pid}, since {holder.since})"
    fix = "wait for it or stop it"
    if (holder.host, holder.namespace) != (socket.gethostname(), _pid_namespace()):
        fix += f"; if it is dead, remove {path}"
    return UserError(f"is in use by {who}", where=path.parent, fix=fix)
