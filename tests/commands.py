"""The project's commands, each in a process of its own that need not import everything again: the processes
fork from one that has."""

from __future__ import annotations

import ctypes
import importlib
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

MODULES = {"pipeline": "pipeline.__main__", "manifests": "manifests.__main__", "trainer": "trainer.__main__"}
PRELOAD = [
    "pipeline.runtime.engines.beam_engine",
    "pipeline.steps.registry",
    "manifests.verify",
    "trainer.train",
]
NEW_NAMESPACE, PRIVATE, READ_ONLY, AGAIN = 0x20000, 0x44000, 1, 32  # sched.h and mount.h
PAGE = os.sysconf("SC_PAGE_SIZE")

Prepare = Callable[[], None]


@dataclass(frozen=True)
class Ended:
    """A command's exit code and what it wrote."""

    code: int | None
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The lines on standard error that a user reads, without warnings."""
        return [line for line in self.err.splitlines() if line and "warning: " not in line]


class Command:
    """A command that runs. Its output goes to files in ``folder``, standard output to ``out`` if given."""

    def __init__(
        self, folder: Path, *arguments: object, prepare: Prepare | None = None, out: Path | None = None
    ) -> None:
        self._files = (out or folder / "out.txt", folder / "err.txt")
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([*MODULES.values(), *PRELOAD])
        words = [str(argument) for argument in arguments]
        self.process: BaseProcess = context.Process(target=_work, args=(words, *self._files, prepare))
        self.process.start()

    def end(self) -> Ended:
        """Waits for the end."""
        self.process.join()
        out, err = (file.read_text(encoding="utf-8") if file.is_file() else "" for file in self._files)
        return Ended(self.process.exitcode, out, err)


def run(folder: Path, *arguments: object, prepare: Prepare | None = None) -> Ended:
    """Runs ``pipeline``, ``manifests`` or ``trainer`` with its arguments to the end."""
    return Command(folder, *arguments, prepare=prepare).end()


def _work(words: list[str], out: Path, err: Path, prepare: Prepare | None) -> None:
    os.setsid()
    for descriptor, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), descriptor)
    if prepare is not None:
        prepare()
    code = importlib.import_module(MODULES[words[0]]).main(words[1:])
    sys.stdout.flush()
    sys.exit(code)


def needs_namespaces() -> None:
    """Skips a test where this user may not mount a file system."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("needs a mount namespace of its own, which this user may not make")


@dataclass(frozen=True)
class Disk:
    """Puts a small disk over a folder, whose content goes onto it, for this process alone.

    ``free``: pages that are left; None leaves plenty. ``read_only``: nothing can be written at all.
    """

    folder: Path
    free: int | None = None
    read_only: bool = False

    def __call__(self) -> None:
        system = partial(_system, ctypes.CDLL(None, use_errno=True))
        content = self.folder.with_name(self.folder.name + "-content")
        shutil.copytree(self.folder, content, dirs_exist_ok=True)
        system("unshare", NEW_NAMESPACE)
        system("mount", None, b"/", None, PRIVATE, None)
        system("mount", b"tmpfs", bytes(self.folder), b"tmpfs", 0, b"size=64m")
        shutil.copytree(content, self.folder, dirs_exist_ok=True)
        shutil.rmtree(content)
        if self.free is not None:
            room = shutil.disk_usage(self.folder).free - self.free * PAGE
            (self.folder / "filler").write_bytes(bytes(room))
        if self.read_only:
            system("mount", None, bytes(self.folder), None, READ_ONLY | AGAIN, None)


def _system(library: ctypes.CDLL, name: str, *arguments: object) -> None:
    if getattr(library, name)(*arguments):
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
