"""What is read from storage is read by process 0: another host may see it as it was a minute ago. Two real
processes, the second of which has a run folder that lags behind."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import yaml

from curriculum.journal_events import Rollback
from manifests.border.logs import read_metrics
from manifests.errors import UserError
from tests.trainer.disturbed import KillAt, Killed, command, copy
from tests.trainer.processes import ended, forked
from trainer.checkpoint.checkpoint import newest
from trainer.checkpoint.error import CheckpointError
from trainer.distributed import LONGEST_WAIT, decided_by_rank_0, join_process_group
from trainer.run import TrainingRun
from trainer.train import train

RECORD = ("step", "stage", "tokens_by_set", "learning_rate")


@pytest.fixture(scope="module")
def killed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    """A run with checkpoints after steps 3 and 6; not to be changed."""
    run = copy(prepared, tmp_path_factory.mktemp("killed"))
    with pytest.raises(Killed):
        train(run, [KillAt(7)], quiet=True)
    return run


def copied(run: TrainingRun, to: Path) -> TrainingRun:
    shutil.copytree(run.folder, to)
    return TrainingRun.open(to / "curriculum.yaml", to)


def lagging(run: TrainingRun, to: Path) -> TrainingRun:
    """The same run as it was after step 3, and a journal of three rollbacks that nobody else knows."""
    old = copied(run, to)
    shutil.rmtree(old.checkpoints / "step-000000006")
    old.metrics_file.write_bytes(b"".join(old.metrics_file.read_bytes().splitlines(keepends=True)[:3]))
    for step in (1, 2, 3):
        old.journal().append(Rollback(step=step, to=0, reason="spike"))
    return old


@pytest.mark.slow
def test_a_process_that_sees_an_older_folder_trains_on_from_the_newest_checkpoint(
    killed: TrainingRun, tmp_path: Path
) -> None:
    run, both = copied(killed, tmp_path / "run"), copied(killed, tmp_path / "both")
    old = lagging(killed, tmp_path / "old")
    for mine, other in ((run, old), (both, both)):
        processes = forked("tests.trainer.train_with_fault", mine.folder, other.folder)
        assert [process.returncode for process in processes] == [0, 0], processes[1].stderr
    lines, usual = (read_metrics(one.metrics_file) for one in (run, both))
    assert [[line[key] for key in RECORD] for line in lines] == [
        [line[key] for key in RECORD] for line in usual
    ]
    assert [line["loss"] for line in lines] == [line["loss"] for line in usual]
    (event,) = run.journal().events
    assert event == Rollback(step=8, to=6, reason=event.reason)
    assert {folder.name for folder in old.checkpoints.iterdir()} == {"step-000000003"}


@pytest.mark.slow
def test_processes_that_read_other_manifests_say_which_and_train_nothing(
    killed: TrainingRun, tmp_path: Path
) -> None:
    run, other = copied(killed, tmp_path / "run"), copied(killed, tmp_path / "other")
    data = yaml.safe_load((other.folder / "curriculum.yaml").read_text())
    (other.folder / "curriculum.yaml").write_text(yaml.safe_dump(data | {"seed": 6}))
    before = run.metrics_file.read_bytes()
    processes = ended([[*command(one), "--quiet"] for one in (run, other)])
    for process in processes:
        assert process.returncode == 1
        assert "process 1 has read other curriculum than process 0: " in process.stderr
        assert "see that every process reads the same files, then run the command again" in process.stderr
        assert "Traceback" not in process.stderr
    assert run.metrics_file.read_bytes() == before


@pytest.mark.slow
def test_a_process_that_does_not_see_yet_that_the_training_is_finished_ends_like_the_others(
    killed: TrainingRun, tmp_path: Path
) -> None:
    run = copied(killed, tmp_path / "run")
    assert train(run, quiet=True)
    old = copied(run, tmp_path / "old")
    old.training_manifest.unlink()
    processes = ended([[*command(one), "--quiet"] for one in (run, old)])
    assert [process.returncode for process in processes] == [0, 0], processes[1].stderr
    assert all("finished already, nothing to do" in process.stdout for process in processes)
    assert not old.training_manifest.exists()


def test_a_checkpoint_that_another_process_chose_and_that_is_not_here_is_refused(
    killed: TrainingRun, tmp_path: Path
) -> None:
    run = copied(killed, tmp_path / "run")
    chosen = newest(run.checkpoints)
    assert chosen is not None
    shutil.rmtree(chosen.folder)
    with pytest.raises(
        CheckpointError, match=r"step-000000006: is not the checkpoint that this training chose"
    ):
        chosen.open()
    shutil.copytree(run.checkpoints / "step-000000003", chosen.folder)
    with pytest.raises(CheckpointError, match=r"see that every process reads the same run folder"):
        chosen.open()


def test_an_error_of_the_one_that_decides_is_everybodys() -> None:
    join_process_group()

    def refuse() -> int:
        raise UserError("no", where="here", fix="try")

    assert decided_by_rank_0(lambda: 7) == 7
    with pytest.raises(UserError, match=r"^here: no; try$"):
        decided_by_rank_0(refuse)


def test_processes_wait_for_each_other_as_long_as_process_0_may_need_alone() -> None:
    join_process_group()
    group = dist.distributed_c10d._get_default_group()
    assert group._get_backend(torch.device("cpu")).options._timeout == LONGEST_WAIT
