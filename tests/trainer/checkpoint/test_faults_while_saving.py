"""A process of two that dies, or finds the disk full, while both save: no half of a checkpoint is ever read."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import torch

from tests.trainer.checkpoint.saves_with_fault import NAMES, NUMEL, values
from tests.trainer.processes import Ended, forked
from trainer.checkpoint.checkpoint import newest
from trainer.checkpoint.saving import remove_leftovers

pytestmark = pytest.mark.slow


def saved(folder: Path, rank: int, kind: str, event: int) -> list[Ended]:
    return forked("tests.trainer.checkpoint.saves_with_fault", folder, rank, kind, event)


def whole_step(folder: Path) -> int:
    """The step of the newest checkpoint, of which every number is right."""
    found = newest(folder)
    assert found is not None
    assert found.passed_over == (), "what is named as a checkpoint is whole"
    state = found.open()
    for name in NAMES:
        assert torch.equal(state.read(name, 0, NUMEL), values(name, found.progress.step))
    return found.progress.step


@pytest.mark.parametrize(
    ("rank", "event", "step"),
    [
        pytest.param(0, 3, 1, id="process 0, between its files"),
        pytest.param(0, 8, 1, id="process 0, before the name"),
        pytest.param(0, 9, 2, id="process 0, after the name"),
        pytest.param(0, 13, 2, id="process 0, within the removal of the old one"),
        pytest.param(1, 2, 1, id="process 1, between its files"),
        pytest.param(1, 7, 2, id="process 1, in the next save"),
    ],
)
def test_a_killed_process_leaves_no_torn_state(tmp_path: Path, rank: int, event: int, step: int) -> None:
    processes = saved(tmp_path, rank, "kill", event)
    assert processes[rank].returncode == -signal.SIGKILL
    assert processes[1 - rank].returncode not in (0, -signal.SIGKILL), "the other notices"
    assert whole_step(tmp_path) == step
    remove_leftovers(tmp_path)
    assert all(path.name.startswith("step-") for path in tmp_path.iterdir())


def test_a_full_disk_of_one_process_is_everybody_s_error(tmp_path: Path) -> None:
    processes = saved(tmp_path, 1, "full", 2)
    assert [process.returncode for process in processes] == [0, 0], processes[1].stderr
    for process in processes:
        assert (
            "step-000000002: the checkpoint could not be written: No space left on device" in process.stdout
        )
    assert whole_step(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000001"]
