"""One command at a time in a run folder: real processes, alive, dead and in a race."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from multiprocessing.synchronize import Barrier
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from manifests.errors import UserError
from manifests.run_lock import NAME, run_lock

HOLD = """
import sys
from pathlib import Path
from manifests.run_lock import run_lock
with run_lock(Path(sys.argv[1]), "openba train"):
    print("held", flush=True)
    sys.stdin.read()
"""
ROUNDS, PROCESSES = 12, 4


def holder(folder: Path) -> subprocess.Popen[str]:
    """A process that holds the folder until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def stale(folder: Path) -> None:
    """Leaves the lock of a killed process."""
    process = holder(folder)
    process.kill()
    process.communicate()
    assert (folder / NAME).exists()


def changed(folder: Path, **changes: Any) -> None:
    """Writes a lock that differs from a killed process's in a few places."""
    stale(folder)
    record = json.loads((folder / NAME).read_text())
    (folder / NAME).write_text(json.dumps(record | changes))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_second_command_is_told_who_is_there(tmp_path: Path) -> None:
    process = holder(tmp_path)
    with pytest.raises(UserError) as caught, run_lock(tmp_path, "openba corpus"):
        pass
    process.communicate()
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}: is in use by `openba train` (host ")
    assert f", pid {process.pid}, since 2" in message
    assert "remove" not in message, "a process of this host need not be guessed at"
    with run_lock(tmp_path, "openba corpus"):
        assert names(tmp_path) == [NAME]
    assert names(tmp_path) == []


def test_the_lock_goes_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="of the work"), run_lock(tmp_path / "new", "openba corpus"):
        raise RuntimeError("of the work")
    assert names(tmp_path / "new") == []


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    stale(tmp_path)
    with run_lock(tmp_path, "openba corpus"):
        assert json.loads((tmp_path / NAME).read_text())["pid"] == os.getpid()
    assert names(tmp_path) == []


def test_a_recycled_process_number_is_not_believed(tmp_path: Path) -> None:
    changed(tmp_path, pid=os.getppid())
    with run_lock(tmp_path, "openba corpus"):
        pass
    assert names(tmp_path) == []


def test_a_process_that_waits_for_its_parent_is_dead(tmp_path: Path) -> None:
    process = holder(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with run_lock(tmp_path, "openba corpus"):
        pass
    process.communicate()


def test_the_lock_of_before_a_restart_of_the_machine_is_taken_over(tmp_path: Path) -> None:
    changed(tmp_path, boot="another", pid=1)
    with run_lock(tmp_path, "openba corpus"):
        pass


@pytest.mark.parametrize("changes", [{"host": "elsewhere"}, {"namespace": "pid:[1]"}])
def test_a_process_that_cannot_be_seen_from_here_is_respected(
    tmp_path: Path, changes: dict[str, str]
) -> None:
    changed(tmp_path, **changes)
    hint = f"if it is dead, remove {tmp_path / NAME}$"
    with pytest.raises(UserError, match=hint), run_lock(tmp_path, "openba corpus"):
        pass
    assert (tmp_path / NAME).exists()


def test_one_who_died_while_taking_over_is_replaced_as_well(tmp_path: Path) -> None:
    stale(tmp_path)
    guard = tmp_path / f"{NAME}-takeover"
    guard.write_bytes((tmp_path / NAME).read_bytes())
    with run_lock(tmp_path, "openba corpus"):
        pass
    assert names(tmp_path) == []


def test_a_lock_that_cannot_be_read_is_respected(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("")
    hint = f"remove {tmp_path / NAME} if no command works"
    with pytest.raises(UserError, match=hint), run_lock(tmp_path, "openba corpus"):
        pass


def test_a_lock_that_was_removed_by_hand_and_is_anothers_now_stays(tmp_path: Path) -> None:
    with run_lock(tmp_path, "openba corpus"):
        (tmp_path / NAME).unlink()
        process = holder(tmp_path)
    assert json.loads((tmp_path / NAME).read_text())["pid"] == process.pid
    process.communicate()


def test_a_run_folder_is_a_folder_or_behind_a_known_url(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder, message in {
        Path("ftp://host/run"): "ftp://host/run: a run folder cannot be behind ftp://; ",
        tmp_path / "file": "is a file, not a run folder; name a folder",
    }.items():
        with pytest.raises(UserError, match=message), run_lock(folder, "openba corpus"):
            pass


def compete(folder: Path, barrier: Barrier, won: Queue[int]) -> None:
    """All processes go for one lock, round after round; the winner holds it until all have tried."""
    for number in range(ROUNDS):
        here = folder / str(number)
        barrier.wait()
        try:
            with run_lock(here, f"process {os.getpid()}"):
                won.put(number)
                barrier.wait()
        except UserError:
            barrier.wait()


def test_of_several_who_take_over_one_lock_exactly_one_wins(tmp_path: Path) -> None:
    stale(tmp_path)
    for number in range(ROUNDS):
        (tmp_path / str(number)).mkdir()
        if number % 2:  # the others find no lock at all
            (tmp_path / str(number) / NAME).write_bytes((tmp_path / NAME).read_bytes())
    processes = multiprocessing.get_context("spawn")
    barrier, won = processes.Barrier(PROCESSES), processes.Queue()
    team = [processes.Process(target=compete, args=(tmp_path, barrier, won)) for _ in range(PROCESSES)]
    for process in team:
        process.start()
    for process in team:
        process.join()
    assert [process.exitcode for process in team] == [0] * PROCESSES
    assert sorted(won.get() for _ in range(ROUNDS)) == list(range(ROUNDS))
    assert won.empty()
    assert all(names(tmp_path / str(number)) == [] for number in range(ROUNDS))
