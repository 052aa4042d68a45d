"""Copies of objects: bounded, of this process, gone with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from manifests.errors import UserError
from manifests.run_folder import run_folder
from manifests.store.local_copy import local
from manifests.store.scratch import clear_scratch
from tests.object_server import leftovers

COPY = """
import sys
from manifests.run_folder import run_folder
from manifests.store.local_copy import local
folder = run_folder("memory://bucket/run")
(folder / "zen.txt").write_text("Readability counts.")
print(local(folder / "zen.txt"), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in memory; a process keeps 2 kB of copies."""
    clear_scratch()
    monkeypatch.setenv("OPENBA_SCRATCH", str(tmp_path))
    monkeypatch.setenv("OPENBA_SCRATCH_GB", "0.000002")
    return run_folder(f"memory://bucket/{tmp_path.name}")


def test_what_was_asked_for_longest_ago_makes_room(folder: Path, tmp_path: Path) -> None:
    for name in "abcd":
        (folder / name).write_bytes(name.encode() * 900)
    first, second = local(folder / "a"), local(folder / "b")
    os.utime(first, ns=(1, 1))
    os.utime(second, ns=(2, 2))
    assert local(folder / "a") == first  # asked for again: now the newest
    local(folder / "c")
    assert (first.exists(), second.exists()) == (True, False)
    local(folder / "d")
    sizes = [path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()]
    assert sum(sizes) <= 2000


def test_an_object_larger_than_the_bound_is_read_alone(folder: Path) -> None:
    (folder / "a").write_bytes(b"a" * 900)
    (folder / "large").write_bytes(b"l" * 5000)
    small = local(folder / "a")
    assert local(folder / "large").stat().st_size == 5000
    assert not small.exists()


def test_a_mapped_copy_stays_readable_when_it_goes(folder: Path) -> None:
    (folder / "a").write_bytes(b"a" * 900)
    with (folder / "a").open("rb") as file:
        clear_scratch()
        assert file.read() == b"a" * 900


def test_scratch_goes_with_its_process_and_with_the_next_where_that_was_killed(
    folder: Path, tmp_path: Path
) -> None:
    def started() -> tuple[subprocess.Popen[str], Path]:
        process = subprocess.Popen(
            [sys.executable, "-c", COPY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        return process, Path(process.stdout.readline().strip())

    ended, copy = started()
    killed, other = started()
    assert copy.read_text() == other.read_text() == "Readability counts."
    ended.communicate("")
    assert (copy.exists(), other.exists()) == (False, True)
    killed.kill()
    killed.communicate()
    (folder / "a").write_bytes(b"a")
    local(folder / "a")
    assert not other.exists()
    clear_scratch()
    assert leftovers(tmp_path) == []


def test_scratch_is_for_its_owner_alone(folder: Path) -> None:
    (folder / "a").write_bytes(b"a")
    assert local(folder / "a").parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["many", "0", "-1", "nan"])
def test_a_bound_that_is_none_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (folder / "a").write_bytes(b"a")
    monkeypatch.setenv("OPENBA_SCRATCH_GB", text)
    with pytest.raises(UserError, match=f"^OPENBA_SCRATCH_GB: '{text}' is no number of gigabytes; set it"):
        local(folder / "a")
