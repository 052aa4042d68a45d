from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from manifests.border.unsound_file import UnsoundFileError
from manifests.files import sha256
from tests.durable import recorded, renamed
from trainer.checkpoint import checkpoint
from trainer.checkpoint.checkpoint import CheckpointManifest, Progress, newest, read
from trainer.checkpoint.error import CheckpointError
from trainer.checkpoint.saving import remove_leftovers, save
from trainer.checkpoint.slice_files import KINDS, SLICES, SliceReader, file_name, write_slices
from trainer.distributed import Ranks
from trainer.engine_state import EngineState, TensorSlice
from trainer.tensor_file import write_tensors

WEIGHTS, MOMENTS = file_name("weights", 0, 1), file_name("optimizer", 0, 1)


def progress(step: int) -> Progress:
    return Progress(
        step=step,
        updates=step,
        stages_begun=1,
        tokens_by_set={"en": step},
        journal_events=0,
        curriculum="{}",
        shards="x",
    )


def state(value: float) -> EngineState:
    return EngineState(
        [TensorSlice("w", 0, torch.full((6,), float(value)))],
        [TensorSlice("exp_avg.w", 0, torch.full((6,), value / 3))],
        int(value),
    )


def test_a_checkpoint_comes_back_bit_by_bit(tmp_path: Path) -> None:
    save(tmp_path, progress(7), state(7.1), keep=2)
    found = newest(tmp_path)
    assert found is not None
    assert found.progress == progress(7)
    loaded = found.open()
    for piece in (*state(7.1).weights, *state(7.1).moments):
        assert torch.equal(loaded.read(piece.name, 0, 6), piece.values)
        assert torch.equal(loaded.read(piece.name, 2, 3), piece.values[2:5])
    assert loaded.updates == 7


def test_the_last_ones_are_kept_by_number_not_by_name(tmp_path: Path) -> None:
    for step in (999_999_999, 5, 10_000_000_000):
        save(tmp_path, progress(step), state(1.0), keep=2)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["step-10000000000", "step-999999999"]
    found = newest(tmp_path)
    assert found is not None
    assert found.progress.step == 10_000_000_000


@pytest.mark.parametrize("name", [WEIGHTS, MOMENTS, "checkpoint.json"])
@pytest.mark.parametrize("damage", ["missing", "cut", "changed"])
def test_a_torn_or_damaged_checkpoint_is_passed_over(tmp_path: Path, name: str, damage: str) -> None:
    for step in (1, 2):
        save(tmp_path, progress(step), state(step), keep=2)
    file = tmp_path / "step-000000002" / name
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(content[:-9])
    else:
        file.write_bytes(content.replace(b"2", b"3") if name == "checkpoint.json" else content[:-1] + b"\x55")
    found = newest(tmp_path)
    assert found is not None
    assert found.progress.step == 1


def test_a_folder_that_was_never_renamed_is_not_a_checkpoint(tmp_path: Path) -> None:
    saved = save(tmp_path, progress(1), state(1.0), keep=2)
    saved.folder.rename(tmp_path / ".step-000000001.tmp")
    assert newest(tmp_path) is None
    save(tmp_path, progress(1), state(1.0), keep=2)
    assert [folder.name for folder in tmp_path.iterdir()] == ["step-000000001"]


def test_no_checkpoints(tmp_path: Path) -> None:
    assert newest(tmp_path) is None
    assert newest(tmp_path / "missing") is None


def test_nothing_in_a_checkpoint_is_pickled(tmp_path: Path) -> None:
    saved = save(tmp_path, progress(1), state(1.0), keep=1)
    assert {file.suffix for file in saved.folder.iterdir()} == {".safetensors", ".json"}


def test_a_checkpoint_is_on_disk_before_it_has_its_name_or_an_old_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = save(tmp_path, progress(1), state(1.0), keep=1).folder
    rmtree, done = shutil.rmtree, []
    with recorded() as events:

        def remove(folder: Path, ignore_errors: bool = False) -> None:
            done.append((folder, len(events)))
            rmtree(folder, ignore_errors=ignore_errors)

        monkeypatch.setattr(shutil, "rmtree", remove)
        new = save(tmp_path, progress(2), state(2.0), keep=1).folder
    name = renamed(events, new)
    temporary = events[name].path
    flushed = {event.path: event.size for event in events[:name]}
    assert {path: size for path, size in flushed.items() if path != temporary} == {
        temporary / file.name: file.stat().st_size for file in new.iterdir()
    }
    assert events[name - 1].path == temporary, "the names in it, when all are there"
    after, retired = events[name + 1 :]
    assert after.path == tmp_path
    assert retired.path == old, "it goes under another name, so that no half of it is left as a checkpoint"
    assert done[-1] == (retired.to, len(events))


def damage(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"half of them")


def steps(folder: Path) -> list[int]:
    return sorted(int(name.name.removeprefix("step-")) for name in folder.iterdir())


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_damaged_newer_checkpoints_take_no_whole_one_s_place(tmp_path: Path, keep: int) -> None:
    for step in (4, 8, 12, 16):
        save(tmp_path, progress(step), state(step), keep=4)
    for step in (12, 16):
        damage(tmp_path / f"step-{step:09d}")
    for step in (9, 10, 11):
        save(tmp_path, progress(step), state(step), keep=keep)
        found = newest(tmp_path)
        assert found is not None
        assert found.progress.step == step
        assert found.passed_over == (tmp_path / "step-000000016", tmp_path / "step-000000012")
    assert steps(tmp_path) == [*[9, 10, 11][-keep:], 12, 16]


def test_damaged_older_checkpoints_are_not_counted_and_stay(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        save(tmp_path, progress(step), state(step), keep=3)
    damage(tmp_path / "step-000000002")
    (tmp_path / "step-000000003" / MOMENTS).unlink()
    save(tmp_path, progress(4), state(4), keep=2)
    assert steps(tmp_path) == [1, 2, 3, 4]
    save(tmp_path, progress(5), state(5), keep=2)
    assert steps(tmp_path) == [2, 3, 4, 5]


def test_the_best_one_is_kept_beside_the_last(tmp_path: Path) -> None:
    for step in range(1, 7):
        save(tmp_path, progress(step), state(step), keep=2, best=2)
    assert steps(tmp_path) == [2, 5, 6]


def test_where_no_checkpoint_is_whole_an_error_names_them(tmp_path: Path) -> None:
    for step in (1, 2):
        damage(save(tmp_path, progress(step), state(step), keep=2).folder)
    message = (
        r"no checkpoint is whole: step-000000002, step-000000001 lack files.*; restore one, or move them all"
    )
    with pytest.raises(CheckpointError, match=message):
        newest(tmp_path)


def test_a_checkpoint_may_be_written_anew_over_a_damaged_one(tmp_path: Path) -> None:
    damage(save(tmp_path, progress(1), state(1), keep=2).folder)
    save(tmp_path, progress(1), state(7), keep=2)
    found = newest(tmp_path)
    assert found is not None
    assert torch.equal(found.open().read("w", 0, 6), state(7).weights[0].values)


def test_a_removal_that_is_broken_off_leaves_no_half_of_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, progress(1), state(1), keep=1)

    def half(folder: Path, ignore_errors: bool = False) -> None:
        if folder.exists():
            (folder / WEIGHTS).unlink()
            raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(shutil, "rmtree", half)
        with pytest.raises(KeyboardInterrupt):
            save(tmp_path, progress(2), state(2), keep=1)
    found = newest(tmp_path)
    assert found is not None
    assert (found.progress.step, found.passed_over) == (2, ())
    remove_leftovers(tmp_path)
    assert [folder.name for folder in tmp_path.iterdir()] == ["step-000000002"]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o027, 0o640), (0o077, 0o600)])
def test_files_have_the_mode_that_the_umask_gives(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        folder = save(tmp_path, progress(1), state(1), keep=1).folder
    finally:
        os.umask(before)
    assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == dict.fromkeys(
        (WEIGHTS, MOMENTS, "checkpoint.json"), mode
    )


def test_each_process_hashes_the_files_that_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class OneOf(Ranks):
        def __init__(self, rank: int, size: int = 3) -> None:
            self.rank, self.size = rank, size

    folder = tmp_path / "step-000000001"
    folder.mkdir()
    files = {
        name: sha for rank in range(3) for name, sha in write_slices(folder, state(rank), rank, 3).items()
    }
    manifest = CheckpointManifest(progress=progress(1), files=files).sealed()
    (folder / "checkpoint.json").write_text(manifest.model_dump_json())
    hashed: list[str] = []

    def noted(path: Path) -> str:
        hashed.append(path.name)
        return sha256(path)

    monkeypatch.setattr(checkpoint, "cached_sha256", noted)
    for rank in range(3):
        hashed.clear()
        assert read(folder, OneOf(rank)) is not None
        assert set(hashed) == {file_name(kind, rank, 3) for kind in KINDS}
    (folder / file_name("weights", 2, 3)).write_bytes(b"")
    assert [read(folder, OneOf(rank)) is None for rank in range(3)] == [False, False, True]


@pytest.mark.parametrize("name", ["../secret.safetensors", "weights-1-of-2.safetensors", "checkpoint.json"])
def test_a_manifest_that_names_other_files_is_no_checkpoint_s(tmp_path: Path, name: str) -> None:
    folder = save(tmp_path, progress(1), state(1.0), keep=1).folder
    (folder / name).resolve().write_bytes(b"")
    manifest = CheckpointManifest(progress=progress(1), files={name: sha256(folder / name)}).sealed()
    (folder / "checkpoint.json").write_text(manifest.model_dump_json())
    assert read(folder) is None


def test_what_the_slices_do_not_hold_is_told(tmp_path: Path) -> None:
    found = save(tmp_path, progress(1), state(1.0), keep=1).open()
    for name, start, numel, held in (("w", 4, 4, 2), ("w", 6, 2, 0), ("other", 0, 3, 0)):
        message = (
            rf"step-000000001: holds {held} of the elements {start} to {start + numel} of {name}; restore"
        )
        with pytest.raises(CheckpointError, match=message):
            found.read(name, start, numel)


@pytest.mark.parametrize("starts", [(0, 0), (0, 2), (3, 1)])
def test_files_that_hold_the_same_elements_are_refused(tmp_path: Path, starts: tuple[int, int]) -> None:
    """Counted together they might look whole, and what is missing would be whatever memory holds."""
    files = [f"weights-0000{rank}-of-00002.safetensors" for rank in range(2)]
    for name, start in zip(files, starts, strict=True):
        write_tensors(
            tmp_path / name, {"w": [3]}, lambda _: torch.ones(3), {SLICES: json.dumps({"w": [start, 3]})}
        )
    with pytest.raises(UnsoundFileError, match="holds elements of w that another of its files holds, too"):
        SliceReader(tmp_path, files, 1)
