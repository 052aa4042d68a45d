"""Durable files: nothing half-written under a final name, no path out of its folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from manifests.files import atomic_write, digest, inside, sha256, write_json


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "part.arrow"
    path.write_text("whole")
    with pytest.raises(OSError, match="disk full"), atomic_write(path) as temporary:  # noqa: PT012
        temporary.write_text("ha")
        raise OSError("disk full")
    assert path.read_text() == "whole"
    assert [item.name for item in tmp_path.iterdir()] == ["part.arrow"]


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
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n "text": "中",\n "n": [\n  1,\n  2\n ]\n}\n'
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(tmp_path / "b.json", float("nan"))


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x"])
def test_paths_stay_inside(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="leads out of"):
        inside(tmp_path, path)
    assert inside(tmp_path, "a/b") == tmp_path / "a/b"
