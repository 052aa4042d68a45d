"""Paths behind a URL do what paths of this machine do, and never fall back on these."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from manifests.border.arrow_files import open_table
from manifests.border.unsound_file import UnsoundFileError
from manifests.errors import UserError
from manifests.files import atomic_write, cached_sha256, safe_join, sha256, write_json
from manifests.run_folder import run_folder
from manifests.store.local_copy import local, remove_tree
from manifests.store.scratch import clear_scratch
from manifests.store.store_path import StorePath
from pipeline.runtime.arrow_files import describe, write_batches

ZEN = "Beautiful is better than ugly.\nExplicit is better than implicit.\n"


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StorePath:
    """A folder in the memory of this process."""
    clear_scratch()
    monkeypatch.setenv("OPENBA_SCRATCH", str(tmp_path))
    found = run_folder(f"memory://bucket/{tmp_path.name}")
    assert isinstance(found, StorePath)
    return found


def test_a_url_is_a_path_whose_parts_are_those_of_the_url() -> None:
    run = run_folder("s3://bucket/runs/one/")
    assert str(run) == "s3://bucket/runs/one"
    assert (run / "ingest" / "manifest.json").parent == run / "ingest"
    assert str((run / "a/b.arrow").relative_to(run)) == "a/b.arrow"
    assert (str(run.parent), run.name, (run / "b.arrow").suffix) == ("s3://bucket/runs", "one", ".arrow")
    assert pickle.loads(pickle.dumps(run)) == run
    assert run_folder(Path("s3://bucket/runs/one")) == run  # ``Path`` has made one slash of two
    assert run_folder("runs/one") == Path("runs/one")


def test_what_leads_out_of_a_run_is_refused() -> None:
    run = run_folder("s3://bucket/runs/one")
    for name in ("../two/part.arrow", "/etc/passwd", "a/../../../../x"):
        with pytest.raises(UnsoundFileError, match="leads out of s3://bucket/runs/one"):
            safe_join(run, name)


def test_what_is_written_is_there_whole_and_listed(folder: StorePath) -> None:
    assert (folder.exists(), list(folder.iterdir()), list(folder.glob("*.json"))) == (False, [], [])
    with atomic_write(folder / "zen.txt") as temporary:
        temporary.write_text(ZEN, encoding="utf-8")
        assert not (folder / "zen.txt").exists()
    write_json(folder / "ingest" / "manifest.json", {"step": "ingest"})
    assert (folder / "zen.txt").read_text() == ZEN
    assert (folder / "zen.txt").stat().st_size == len(ZEN)
    assert (folder / "zen.txt").is_file()
    assert (folder / "ingest").is_dir()
    assert sorted(path.name for path in folder.iterdir()) == ["ingest", "zen.txt"]
    assert list(folder.glob("*/manifest.json")) == [folder / "ingest" / "manifest.json"]
    assert sorted(path.name for path in folder.rglob("*")) == ["manifest.json", "zen.txt"]
    remove_tree(folder / "ingest")
    (folder / "zen.txt").unlink()
    (folder / "zen.txt").unlink(missing_ok=True)
    assert list(folder.rglob("*")) == []


def test_what_fails_leaves_neither_an_object_nor_scratch(folder: StorePath, tmp_path: Path) -> None:
    def fail(temporary: Path) -> None:
        temporary.write_text(ZEN[:9])
        raise RuntimeError("of the work")

    with pytest.raises(RuntimeError, match="of the work"), atomic_write(folder / "half") as temporary:
        fail(temporary)
    assert not (folder / "half").exists()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [".alive"]


def test_an_object_that_changed_is_fetched_again(folder: StorePath) -> None:
    (folder / "zen.txt").write_text(ZEN)
    before = cached_sha256(folder / "zen.txt")
    (folder / "zen.txt").write_text(ZEN.replace("Beautiful", "Expensive"))
    assert sha256(folder / "zen.txt") == cached_sha256(folder / "zen.txt") != before
    assert local(folder / "zen.txt").read_text().startswith("Expensive")


def test_an_arrow_file_is_mapped_from_scratch_and_called_by_its_url(folder: StorePath) -> None:
    batch = pa.record_batch({"text": ZEN.splitlines()})
    write_batches(folder / "part.arrow", batch.schema, [batch])
    assert open_table(folder / "part.arrow").to_pydict() == batch.to_pydict()
    told = describe(folder / "part.arrow", folder, 2)
    assert (told.path, told.bytes) == ("part.arrow", (folder / "part.arrow").stat().st_size)
    (folder / "part.arrow").write_bytes((folder / "part.arrow").read_bytes()[:-20])
    with pytest.raises(UnsoundFileError, match=f"^{folder}/part.arrow: is no whole Arrow file"):
        open_table(folder / "part.arrow")


def test_nothing_takes_an_object_for_a_file_of_this_machine(folder: StorePath) -> None:
    (folder / "zen.txt").write_text(ZEN)
    for take in (os.stat, os.fspath, open, shutil.rmtree, os.listdir):
        with pytest.raises(TypeError, match=f"{folder}/zen.txt is no file of this machine"):
            take(folder / "zen.txt")
    with pytest.raises(OSError, match="objects are written whole"):
        (folder / "zen.txt").open("wb")


def test_a_read_object_that_is_not_there_is_a_file_not_found(folder: StorePath) -> None:
    for read in (StorePath.read_bytes, StorePath.stat, StorePath.open, local):
        with pytest.raises(FileNotFoundError) as caught:
            read(folder / "gone")
        assert caught.value.filename == f"{folder}/gone"


def test_a_driver_that_is_not_installed_is_named() -> None:
    with pytest.raises(UserError, match=r"^gs://bucket/run: cannot be opened \(.*gcsfs.*; install gcsfs"):
        run_folder("gs://bucket/run").exists()
