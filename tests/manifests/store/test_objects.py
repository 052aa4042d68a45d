"""A real S3 server, through a proxy that breaks off, refuses and forgets: what is put is there, what is got
is whole, and one of several is first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fsspec
import pyarrow.fs
import pytest
from fsspec.implementations.arrow import ArrowFSWrapper
from fsspec.registry import _registry
from s3fs import S3FileSystem

from manifests.errors import UserError
from manifests.files import atomic_write, has_sha256, sha256
from manifests.run_folder import run_folder
from manifests.store import objects, system
from manifests.store.local_copy import local
from tests.object_server import Fault, Request, faulty_proxy, reach

ZEN = b"Errors should never pass silently. Unless explicitly silenced.\n" * 5000


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow one another at once."""
    monkeypatch.setattr(system, "_FIRST", 0.0)


def each_first(*faults: str) -> Fault:
    """The first requests for an object, or for a listing, meet these faults, one after another."""
    left: dict[tuple[str, str], list[str]] = {}

    def fault(request: Request) -> str | None:
        mine = left.setdefault((request.method, request.path), list(faults))
        return mine.pop(0) if mine else None

    return fault


def round_trip(folder: Path) -> None:
    with atomic_write(folder / "zen.txt") as temporary:
        temporary.write_bytes(ZEN)
    (folder / "small").write_bytes(b"small")
    assert local(folder / "zen.txt").read_bytes() == ZEN
    assert (folder / "zen.txt").read_bytes() == ZEN
    assert sorted(path.name for path in folder.iterdir()) == ["small", "zen.txt"]
    (folder / "small").unlink()
    assert not (folder / "small").exists()


@pytest.mark.parametrize(
    "faults", [("busy",), ("slow down", "slow down"), ("reset", "lost"), ("cut",), ("busy", "reset", "cut")]
)
def test_passing_failures_are_met_by_calling_again(
    in_s3: str, s3: str, monkeypatch: pytest.MonkeyPatch, faults: tuple[str, ...]
) -> None:
    with faulty_proxy(s3, each_first(*faults)) as proxy:
        reach(monkeypatch, proxy.url)
        round_trip(run_folder(in_s3))
    assert set(proxy.faults) == set(faults)
    assert len(proxy.faults) >= 8


def test_a_store_that_never_answers_is_told_after_ten_attempts(
    in_s3: str, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_proxy(s3, lambda request: "slow down") as proxy:
        reach(monkeypatch, proxy.url)
        with pytest.raises(UserError, match=r"^s3://.*: failed 10 times, the last time with .*reduce"):
            (run_folder(in_s3) / "zen.txt").write_bytes(ZEN)
    assert len(proxy.requests) == system.ATTEMPTS


def test_a_listing_is_never_a_remembered_one(in_s3: str) -> None:
    folder, other = run_folder(in_s3), fsspec.filesystem("s3")
    assert list(folder.iterdir()) == []
    other.pipe_file(f"{in_s3}/one", b"1")
    assert [path.name for path in folder.iterdir()] == ["one"]
    other.rm_file(f"{in_s3}/one")
    assert list(folder.iterdir()) == []


def test_bytes_that_changed_on_their_way_are_fetched_once_more(in_s3: str) -> None:
    file = run_folder(in_s3) / "zen.txt"
    file.write_bytes(ZEN)
    expected = sha256(file)
    local(file).write_bytes(ZEN.replace(b"silently", b"SILENTLY"))
    assert has_sha256(file, expected)
    assert not has_sha256(file, expected.replace(expected[0], "0" if expected[0] != "0" else "1"))


@pytest.mark.parametrize("round", range(3))
def test_of_sixteen_that_put_at_once_one_is_first(in_s3: str, round: int) -> None:
    with ThreadPoolExecutor(16) as pool:
        tries = [pool.submit(objects.put_if_absent, f"{in_s3}/lock", str(n).encode()) for n in range(16)]
        won = [number for number, one in enumerate(tries) if one.result()]
    assert [objects.get(f"{in_s3}/lock").decode()] == [str(number) for number in won]


def test_a_put_whose_answer_was_lost_is_known_again(
    in_s3: str, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects.put(f"{in_s3}/other", b"theirs")
    with faulty_proxy(s3, each_first("lost")) as proxy:
        reach(monkeypatch, proxy.url)
        assert objects.put_if_absent(f"{in_s3}/lock", b"mine")
        assert not objects.put_if_absent(f"{in_s3}/other", b"mine")


def test_what_a_store_refuses_is_told_in_one_line(in_s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        UserError, match=r"^s3://nobodys/zen\.txt: no such bucket or folder; make it, or corr"
    ):
        (run_folder("s3://nobodys") / "zen.txt").write_bytes(ZEN)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    S3FileSystem.clear_instance_cache()
    with pytest.raises(UserError, match=r"zen\.txt: no credentials were found; set AWS_ACCESS_KEY_ID and"):
        (run_folder(in_s3) / "zen.txt").write_bytes(ZEN)


class _LikeHadoop(ArrowFSWrapper):
    """pyarrow's file system behind fsspec, as with HDFS, over a folder of this machine."""

    protocol = "hdfs"
    root = ""

    def __init__(self, **options: Any) -> None:
        super().__init__(pyarrow.fs.SubTreeFileSystem(self.root, pyarrow.fs.LocalFileSystem()))

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("hdfs://").strip("/")


def test_where_a_put_is_not_at_once_a_rename_publishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_LikeHadoop, "root", str(tmp_path))
    monkeypatch.setitem(_registry, "hdfs", _LikeHadoop)
    seen: list[list[str]] = []
    move: Callable[..., None] = _LikeHadoop.mv

    def moved(self: Any, source: str, target: str, **options: Any) -> None:
        seen.append(sorted(path.name for path in (tmp_path / "host" / "run").iterdir()))
        move(self, source, target, **options)

    monkeypatch.setattr(_LikeHadoop, "mv", moved)
    round_trip(run_folder("hdfs://host/run"))
    assert [name[:9] for name in seen[0]] == [".zen.txt."]
    assert [path.name for path in (tmp_path / "host" / "run").iterdir()] == ["zen.txt"]
