from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from tests.durable import recorded, renamed
from trainer.checkpoint.checkpoint import Progress, newest, save
from trainer.engine import EngineState


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
        {"w": torch.full((3, 2), value)}, {"exp_avg.w": torch.full((3, 2), value / 3)}, int(value)
    )


def test_a_checkpoint_comes_back_bit_by_bit(tmp_path: Path) -> None:
    save(tmp_path, progress(7), state(7.1), keep=2)
    found = newest(tmp_path)
    assert found is not None
    assert found.progress == progress(7)
    loaded = found.load()
    assert torch.equal(loaded.weights["w"], state(7.1).weights["w"])
    assert torch.equal(loaded.moments["exp_avg.w"], state(7.1).moments["exp_avg.w"])
    assert loaded.updates == 7


def test_the_last_ones_are_kept_by_number_not_by_name(tmp_path: Path) -> None:
    for step in (999_999_999, 5, 10_000_000_000):
        save(tmp_path, progress(step), state(1.0), keep=2)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["step-10000000000", "step-999999999"]
    found = newest(tmp_path)
    assert found is not None
    assert found.progress.step == 10_000_000_000


@pytest.mark.parametrize("name", ["weights.safetensors", "optimizer.safetensors", "checkpoint.json"])
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
    assert [event.path for event in events[name + 1 :]] == [tmp_path]
    assert done[-1] == (old, len(events))
