"""What reached the disk, and in which order: every fsync and every rename of a block, with the real ones
done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest


class Event(NamedTuple):
    """``what``: sync or rename. ``path``: as it was at that moment. ``size``: the file's bytes then. ``to``:
    of a rename, the new path."""

    what: str
    path: Path
    size: int
    to: Path | None = None


@contextmanager
def recorded() -> Iterator[list[Event]]:
    """The events of the block, which is still being filled while it runs."""
    events: list[Event] = []
    fsync, replace = os.fsync, os.replace

    def record_fsync(descriptor: int) -> None:
        events.append(
            Event("sync", Path(f"/proc/self/fd/{descriptor}").readlink(), os.fstat(descriptor).st_size)
        )
        fsync(descriptor)

    def record_replace(source: Path, target: Path) -> None:
        events.append(
            Event("rename", Path(source).resolve(), Path(source).stat().st_size, Path(target).resolve())
        )
        replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", record_fsync)
        patch.setattr(os, "replace", record_replace)
        yield events


def renamed(events: list[Event], path: Path) -> int:
    """Where in the events a path got its name."""
    (index,) = [index for index, event in enumerate(events) if event.to == path]
    return index


def assert_durable(events: list[Event], path: Path) -> int:
    """Asserts that a path was flushed whole before it got its name, and its folder after that; where in the
    events that was done."""
    name = renamed(events, path)
    flushed = [
        event.size for event in events[:name] if event.what == "sync" and event.path == events[name].path
    ]
    assert flushed[-1:] == [path.stat().st_size], f"{path} was renamed before all of it was on disk"
    folder = [
        index
        for index, event in enumerate(events)
        if index > name and (event.what, event.path) == ("sync", path.parent)
    ]
    assert folder, f"the name of {path} is not on disk"
    return folder[0]
