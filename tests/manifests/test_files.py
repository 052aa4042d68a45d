"""Durable files: nothing half-written under a final name, no path out of its folder."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from manifests.errors import UserError
from manifests.files import (
    atomic_write,
    cached_sha256,
    digest,
    drop_page_cache,
    safe_join,
    sha256,
    sync,
    write_json,
)
from tests.durable import Event, recorded


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "part.arrow"
    path.write_text("whole")
    with pytest.raises(OSError, match="disk full"), atomic_write(path) as temporary:  # noqa: PT012
        temporary.write_text("ha")
        raise OSError("disk full")
    assert path.read_text() == "whole"
    assert [item.name for item in tmp_path.iterdir()] == ["part.arrow"]


@pytest.mark.parametrize("name", ["part.arrow", "model", "v1.2.tar.gz"])
def test_a_write_that_the_system_refused_is_told_by_the_final_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError) as raised, atomic_write(tmp_path / name):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(tmp_path / name) + ":" in str(raised.value) + ":"
    assert ".tmp" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_the_name_appears_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.json"
    with atomic_write(path) as temporary:
        temporary.write_text("{}")
        assert not path.exists()
    assert path.read_text() == "{}"


def test_hashes(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"\x00" * 3_000_000)
    assert sha256(path) == hashlib.sha256(b"\x00" * 3_000_000).hexdigest()
    assert digest({"b": 1, "a": "中"}) == digest({"a": "中", "b": 1})
    assert digest([1]) != digest(["1"])


def test_json_is_stable(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"text": "中", "n": [1, 2]})
    assert (tmp_path / "a.json").read_text(
        encoding="utf-8"
    ) == '{\n "text": "中",\n "n": [\n  1,\n  2\n ]\n}\n'
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(tmp_path / "b.json", float("nan"))


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x"])
def test_paths_stay_inside(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="leads out of"):
        safe_join(tmp_path, path)
    assert safe_join(tmp_path, "a/b") == tmp_path / "a/b"


def test_a_remembered_hash_is_forgotten_when_the_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    os.utime(path, ns=(1, 1))
    assert cached_sha256(path) == sha256(path)
    path.write_bytes(b"behind")
    assert cached_sha256(path) == sha256(path) == hashlib.sha256(b"behind").hexdigest()
    os.utime(path, ns=(1, 1))
    assert cached_sha256(path) == sha256(path)


def test_a_file_is_on_disk_before_it_has_its_name_and_its_name_after_that(tmp_path: Path) -> None:
    with recorded() as events, atomic_write(tmp_path / "file") as temporary:
        temporary.write_bytes(b"text")
    assert events[:2] == [Event("sync", temporary, 4), Event("rename", temporary, 4, tmp_path / "file")]
    assert [event[:2] for event in events[2:]] == [("sync", tmp_path)]


def test_a_name_is_made_durable_by_whoever_asked_to_do_it(tmp_path: Path) -> None:
    with recorded() as events, atomic_write(tmp_path / "file", sync_folder=False) as temporary:
        temporary.write_bytes(b"text")
    assert events == [Event("sync", temporary, 4), Event("rename", temporary, 4, tmp_path / "file")]


def test_json_is_on_disk_when_it_is_written(tmp_path: Path) -> None:
    with recorded() as events:
        write_json(tmp_path / "a.json", [1])
    assert [(event.what, event.to or event.path) for event in events[1:]] == [
        ("rename", tmp_path / "a.json"),
        ("sync", tmp_path),
    ]
    assert (events[0].what, events[0].size) == ("sync", len("[\n 1\n]\n"))


def test_a_failed_write_is_neither_flushed_nor_named(tmp_path: Path) -> None:
    with recorded() as events, pytest.raises(OSError, match="disk full"), atomic_write(tmp_path / "file"):
        raise OSError("disk full")
    assert events == []


def test_files_and_folders_are_flushed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    with recorded() as events:
        sync(tmp_path / "file")
        sync(tmp_path)
    assert [event[:2] for event in events] == [("sync", tmp_path / "file"), ("sync", tmp_path)]


def test_two_hosts_that_write_one_file_do_not_write_into_one_another(tmp_path: Path) -> None:
    # Processes in containers have the same few numbers.
    path = tmp_path / "part.arrow"
    with atomic_write(path) as one, atomic_write(path) as other:
        one.write_text("one, longer")
        other.write_text("other")
    assert path.read_text() == "one, longer"
    assert [item.name for item in tmp_path.iterdir()] == ["part.arrow"]


def test_a_forgotten_file_is_what_it_was(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "file") as temporary:
        temporary.write_text("学而时习之" * 9999, encoding="utf-8")
    drop_page_cache(tmp_path / "file")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "学而时习之" * 9999
