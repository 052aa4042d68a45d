"""Shards are hashed once, each by one process, and again when they look different."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from manifests.files import sha256
from manifests.schema.shards import ShardManifest
from tests.trainer.tiny import write_shards
from trainer.data import shard_verification
from trainer.data.dataset import ShardError
from trainer.data.shard_verification import verify
from trainer.distributed import Ranks

NOTES = "verified-shards.json"


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ShardManifest]:
    run = tmp_path_factory.mktemp("run")
    manifest = write_shards(run)
    return run / "shards", manifest


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are hashed."""
    names: list[str] = []

    def noted(path: Path) -> str:
        names.append(path.name)
        return sha256(path)

    monkeypatch.setattr(shard_verification, "sha256", noted)
    return names


def copied(shards: tuple[Path, ShardManifest], to: Path) -> tuple[Path, ShardManifest]:
    return Path(shutil.copytree(shards[0], to / "shards")), shards[1]


def test_what_was_read_and_looks_the_same_is_not_read_again(
    shards: tuple[Path, ShardManifest], tmp_path: Path, read: list[str]
) -> None:
    folder, manifest = copied(shards, tmp_path)
    verify(folder, manifest, tmp_path / NOTES, Ranks())
    assert sorted(read) == sorted(path.name for path in folder.glob("*.arrow"))
    read.clear()
    verify(folder, manifest, tmp_path / NOTES, Ranks())
    assert read == []
    (folder / "zh-0.arrow").touch()
    verify(folder, manifest, tmp_path / NOTES, Ranks())
    assert read == ["zh-0.arrow"]


def test_bytes_that_change_behind_the_same_size_and_time_are_found(
    shards: tuple[Path, ShardManifest], tmp_path: Path
) -> None:
    folder, manifest = copied(shards, tmp_path)
    verify(folder, manifest, tmp_path / NOTES, Ranks())
    path = folder / "zh-0.arrow"
    state, data = path.stat(), bytearray(path.read_bytes())
    data[-300] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    for _ in range(2):
        with pytest.raises(
            ShardError, match=r"zh-0.arrow: differs from the shard that the manifest describes"
        ):
            verify(folder, manifest, tmp_path / NOTES, Ranks())


@pytest.mark.parametrize("notes", ["", "[]", '{"en-0.arrow": 1}', "{"])
def test_notes_that_are_damaged_cost_a_reading(
    shards: tuple[Path, ShardManifest], tmp_path: Path, read: list[str], notes: str
) -> None:
    folder, manifest = copied(shards, tmp_path)
    (tmp_path / NOTES).write_text(notes, encoding="utf-8")
    verify(folder, manifest, tmp_path / NOTES, Ranks())
    assert len(read) == len(list(folder.glob("*.arrow")))


def test_processes_share_the_files(
    shards: tuple[Path, ShardManifest], tmp_path: Path, read: list[str]
) -> None:
    class OneOf(Ranks):
        size = 3

        def __init__(self, rank: int) -> None:
            self.rank = rank

    folder, manifest = copied(shards, tmp_path)
    parts = []
    for rank in range(3):
        verify(folder, manifest, tmp_path / f"{rank}-{NOTES}", OneOf(rank))
        parts.append(tuple(read))
        read.clear()
    files = len(list(folder.glob("*.arrow")))
    assert len({name for part in parts for name in part}) == sum(map(len, parts)) == files
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
