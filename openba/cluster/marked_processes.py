"""Processes that descend from one of ours, found by a mark in their environment, whatever became of those
between."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

VARIABLE = "OPENBA_CLUSTER"
PATIENCE = 8.0
"""Seconds that processes have to end by themselves."""


def marked(mark: str) -> set[int]:
    """Numbers of the processes whose environment has the mark, or that are in a session with one. Ray's
    workers write their title over their environment, but stay in the session."""
    seen = {int(path.name): path for path in Path("/proc").iterdir() if path.name.isdigit()}
    holders = {pid for pid, path in seen.items() if f"{VARIABLE}={mark}".encode() in _environment(path)}
    sessions = {_session(pid) for pid in holders} - {None, os.getsid(0)}
    return {pid for pid in seen if pid in holders or _session(pid) in sessions} - {os.getpid()}


def end(mark: str) -> None:
    """Asks them to end, and kills those that have not after a while."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + PATIENCE
        found = marked(mark)
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        while found and time.monotonic() < deadline:
            time.sleep(0.1)
            found = {pid for pid in found if _alive(pid)}


def _environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is another user's
        return []


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
