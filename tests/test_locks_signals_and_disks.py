"""Full and read-only disks, two commands at once, signals and lost output: one line, and nothing half
done."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from manifests.run_lock import run_lock
from tests import tiny
from tests.commands import Command, Disk, Ended, needs_namespaces
from tests.test_failures import (  # noqa: F401 - fixtures
    CHECK,
    CORPUS,
    REPORT,
    STEP,
    TRAIN,
    VERIFY,
    call,
    copy,
    finished,
    one_line,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("command", [CORPUS, REPORT, TRAIN])
def test_the_second_command_in_a_run_folder_is_told(command: str, copy: Path) -> None:
    if command == REPORT:
        (copy / "run/report.html").unlink(missing_ok=True)
    if command == TRAIN:
        shutil.rmtree(copy / "run/train")
    with run_lock(copy / "run", "openba train"):
        done = call(copy, command)
    if command == REPORT:
        assert (done.code, done.errors) == (0, []), "reading needs no lock"
        return
    assert f"{copy}/run: is in use by `openba train` (host " in one_line(done)
    assert f", pid {os.getpid()}, since " in done.err


@pytest.mark.parametrize("command", [CORPUS, REPORT])
def test_a_read_only_folder_is_one_line(command: str, copy: Path) -> None:
    needs_namespaces()
    (copy / "run/report.html").unlink(missing_ok=True)
    message = one_line(call(copy, command, prepare=Disk(copy / "run", read_only=True)))
    assert f"{copy}/run" in message
    assert "Read-only file system; name a folder that can be written to" in message


@pytest.mark.parametrize("step", [*tiny.STEPS, "report"])
def test_a_full_disk_is_one_line_wherever_the_work_stands(step: str, copy: Path) -> None:
    needs_namespaces()
    (copy / "run/report.html").unlink(missing_ok=True)
    for later in tiny.STEPS[tiny.STEPS.index(step) :] if step in tiny.STEPS else ():
        shutil.rmtree(copy / "run" / later)
    command = REPORT if step == "report" else STEP.format(step)
    codes = []
    for free in (0, 1, 3, 9, 20, 50, 120, 4000):
        done = call(copy, command, prepare=Disk(copy / "run", free=free))
        codes.append(done.code)
        if done.code == 0:
            break
        message = one_line(done)
        assert f"error: {copy}/run" in message
        assert "No space left on device (" in message
        assert " bytes free); free some space there and run the same command again" in message
    assert codes[0] == 1
    assert codes[-1] == 0


def stopped(folder: Path, number: int, step: str) -> Ended:
    """Sends a signal to the corpus command as soon as a step has finished a part."""
    command = Command(folder.parent, *CORPUS.format(x=folder).split())
    receipts = folder / "run" / step / ".receipts"
    while command.process.is_alive() and not (receipts.is_dir() and any(receipts.glob("*.json"))):
        command.process.join(0.001)
    assert command.process.pid is not None
    os.kill(command.process.pid, number)
    return command.end()


@pytest.mark.parametrize(
    ("number", "code", "step"),
    [(signal.SIGINT, 130, "quality"), (signal.SIGTERM, 143, "privacy"), (signal.SIGINT, 130, "shards")],
)
def test_a_signal_ends_a_step_with_one_line_and_it_goes_on(
    number: int, code: int, step: str, finished: Path, copy: Path
) -> None:
    shutil.rmtree(copy / "run")
    message = one_line(stopped(copy, number, step), code)
    assert message.startswith("error: stopped in ")
    assert message.endswith("; run the same command to go on")
    assert [path for path in (copy / "run").rglob("*") if path.name.endswith((".tmp", ".lock"))] == []
    done = call(copy, CORPUS)
    assert (done.code, done.errors) == (0, [])
    assert parts(copy) == parts(finished)


def parts(folder: Path) -> dict[str, bytes]:
    """What the steps made, without what differs between two runs."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for step in tiny.STEPS
        for path in sorted((folder / "run" / step).rglob("*"))
        if path.is_file() and path.name not in {"stats.json", ".inputs.json"}
    }


@pytest.mark.parametrize("command", [CORPUS, REPORT, VERIFY, CHECK])
def test_output_that_nobody_reads_is_lost_and_the_work_goes_on(command: str, copy: Path) -> None:
    if command == CORPUS:
        shutil.rmtree(copy / "run")
    pipe = copy.parent / "pipe"
    os.mkfifo(pipe)
    started = Command(copy.parent, *command.format(x=copy).split(), prepare=ReaderGone(pipe), out=pipe)
    os.close(os.open(pipe, os.O_RDONLY))  # opens when the command has opened it
    (copy.parent / "gone").touch()
    ended = started.end()
    assert (ended.code, ended.errors) == (0, [])
    if command == CORPUS:
        assert (copy / "run/shards/manifest.json").exists()


@dataclass(frozen=True)
class ReaderGone:
    """Waits until nobody reads a pipe any more: a file beside it says so."""

    pipe: Path

    def __call__(self) -> None:
        while not self.pipe.with_name("gone").exists():
            os.sched_yield()
