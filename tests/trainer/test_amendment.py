"""``openba amend``: another curriculum from a checkpoint on, once, whenever the training is killed; what would
change the past is refused and the training goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from curriculum.journal_events import Amendment, Devices
from manifests.border.logs import read_metrics
from manifests.errors import UserError
from openba.cli.main import main
from tests.trainer.disturbed import Fault, KillAt, Killed, blow_up, copy, outcome
from tests.trainer.processes import forked
from tests.trainer.test_blend import blended
from tests.trainer.test_replay import Watched, replayed
from trainer.replay import Replay
from trainer.run import TrainingRun
from trainer.train import train

Change = Callable[[dict[str, Any]], Any]


def edited(run: TrainingRun, change: Change, name: str = "edited.yaml") -> Path:
    """The run's curriculum after a change, in a file of its own."""
    data = yaml.safe_load((run.folder / "curriculum.yaml").read_text(encoding="utf-8"))
    change(data)
    file = run.folder / name
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    return file


def shorter(data: dict[str, Any]) -> None:
    """UL2 has ten steps instead of eight, of four sequences and more Chinese from now on; then BiFlan has
    half of its tokens."""
    data["stages"][0] |= {"tokens": 7 * 8 * 24, "global_batch": 4, "mixture": {"en": 0.5, "zh": 0.5}}
    data["stages"][1]["tokens"] = 250


class AmendAt:
    """Somebody calls the command while the training makes a step."""

    def __init__(self, run: TrainingRun, step: int, change: Change = shorter, code: int = 0) -> None:
        self._run, self._step, self._change, self._code = run, step, change, code

    def step(self, record: dict[str, Any], _: Any) -> None:
        if record["step"] == self._step and not amendments(self._run):
            file = edited(self._run, self._change)
            assert main(["amend", str(file), "--run", str(self._run.folder)]) == self._code


def amendments(run: TrainingRun) -> list[Amendment]:
    return [event for event in run.journal().events if isinstance(event, Amendment)]


def stages(run: TrainingRun) -> list[str]:
    return [line["stage"] for line in read_metrics(run.metrics_file)]


def test_a_running_training_is_amended_at_its_next_checkpoint(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy(prepared, tmp_path)
    assert train(run, [AmendAt(run, 4)], quiet=True)
    (event,) = amendments(run)
    assert (event.step, event.reason) == (6, "asked for by openba amend")
    assert event.curriculum.stages[0].global_batch == 4
    assert stages(run) == ["ul2"] * 8 + ["biflan"] * 2
    out = capsys.readouterr().out
    assert f"{run.folder}: from the next checkpoint on\n  stages[0].mixture.en = 0.5, not 0.75\n" in out
    assert "step 6: the curriculum is amended (asked for by openba amend): stages[0].mixture.en = 0.5" in out
    assert not (run.train_folder / "amend.json").exists()
    assert not train(run, quiet=True), "it is finished, as the manifest it was begun with says too"
    assert not train(TrainingRun.open(run.folder / "edited.yaml", run.folder), quiet=True)


@pytest.mark.parametrize("kills", [[5], [6], [7], [9], [5, 6, 10]])
def test_it_is_done_once_whenever_the_training_is_killed(
    prepared: Path, tmp_path: Path, kills: list[int]
) -> None:
    results = []
    for name, steps in (("whole", []), ("killed", kills)):
        run = copy(prepared, tmp_path / name)
        for step in steps:
            with pytest.raises(Killed):
                train(run, [AmendAt(run, 4), KillAt(step)], quiet=True)
        assert train(run, [AmendAt(run, 4)], quiet=True)
        (event,) = amendments(run)
        results.append(outcome(run) | {"step": str(event.step).encode()})
    if kills[0] > 6:
        assert results[0] == results[1]
    else:  # no checkpoint had come, and the training goes on from step 3 with it
        assert results[1]["step"] == b"3"
        assert stages(run) == ["ul2"] * 11 + ["biflan"] * 2


def larger(data: dict[str, Any]) -> None:
    """Steps of the blend that are under way have six pairs where they had four."""
    data["stages"][1] |= {"tokens": 2400, "global_batch": 6}


def larger_still(data: dict[str, Any]) -> None:
    larger(data)
    data["stages"][1]["tokens"] = 2600


def test_a_replay_needs_the_journal_alone(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is amended in a blend, loses the checkpoint of that, comes there again, is rolled back, killed and
    amended again; whichever manifest of the journal opens it."""
    run, watched = blended(prepared, tmp_path), Watched(monkeypatch)
    with pytest.raises(Killed):
        train(run, [watched, AmendAt(run, 10, larger), KillAt(13)], quiet=True)
    shutil.rmtree(run.checkpoints / "step-000000012")
    Fault(monkeypatch, 14, blow_up)
    with pytest.raises(Killed):
        train(run, [watched, KillAt(20)], quiet=True)
    file = edited(run, larger_still, "again.yaml")
    assert main(["amend", str(file), "--run", str(run.folder)]) == 0
    assert train(run, [watched], quiet=True)
    events = run.journal().events
    assert [event.event for event in events] == ["amendment", "rollback", "amendment"]
    assert [event.step for event in events if isinstance(event, Amendment)] == [12, 18]
    for name in ("curriculum.yaml", "edited.yaml", "again.yaml"):
        replay = Replay(TrainingRun.open(run.folder / name, run.folder))
        for step, passes in watched.steps.items():
            assert replayed(list(replay.step(step))) == [sorted(one) for one in passes]
    other = edited(run, lambda data: data.update(seed=6), "other.yaml")
    with pytest.raises(
        UserError, match=r"journal.jsonl: is of another curriculum, with seed = 5, not 6; give"
    ):
        Replay(TrainingRun.open(other, run.folder))


ILLEGAL: dict[str, tuple[Change, str]] = {
    "seed": (lambda data: data.update(seed=6), "seed cannot change in the middle of a training"),
    "objective": (lambda data: data["stages"][0]["objective"].update(chunk=32), "objective cannot become"),
    "too few tokens": (
        lambda data: data["stages"][0].update(tokens=24),
        "tokens is 24, and the stage has read",
    ),
    "the stage removed": (lambda data: data["stages"].pop(0), "name cannot become biflan from ul2"),
    "no such set": (
        lambda data: data["stages"][1].update(mixture={"fr": 1}, max_epochs={}),
        "have no set 'fr'",
    ),
    "too many epochs": (lambda data: data["stages"][0].update(tokens="1 M"), "runs short by"),
    "model": (lambda data: data["model"].update(heads=4), "model cannot change"),
}


@pytest.mark.parametrize("name", ILLEGAL)
def test_what_would_change_the_past_is_refused_in_one_line(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    run, (change, what) = copy(prepared, tmp_path), ILLEGAL[name]
    assert train(run, [AmendAt(run, 4, change, code=1)], quiet=True)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert what in line
    assert amendments(run) == []
    assert stages(run) == ["ul2"] * 8 + ["biflan"] * 4


def test_what_became_impossible_by_the_next_checkpoint_is_said_and_the_training_goes_on(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy(prepared, tmp_path)
    four_steps = 4 * 8 * 24
    assert train(run, [AmendAt(run, 4, lambda data: data["stages"][0].update(tokens=four_steps))], quiet=True)
    assert (
        "step 6: the curriculum is not amended: stage ul2: tokens is 768, and the stage has read 1,152"
        in (capsys.readouterr().err)
    )
    assert amendments(run) == []
    assert not (run.train_folder / "amend.json").exists()
    assert stages(run) == ["ul2"] * 8 + ["biflan"] * 4


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"version": 1}', b'{"seed": ' + b"[" * 9999])
def test_a_damaged_request_is_one_line_and_the_training_goes_on(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    run = copy(prepared, tmp_path)
    run.train_folder.mkdir()
    (run.train_folder / "amend.json").write_bytes(content)
    assert train(run, quiet=True)
    (line,) = capsys.readouterr().err.splitlines()
    assert "the curriculum is not amended: " in line
    assert stages(run) == ["ul2"] * 8 + ["biflan"] * 4


def test_what_is_as_it_was_or_has_not_begun_is_not_amended(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy(prepared, tmp_path)
    file = edited(run, shorter)
    assert main(["amend", str(file), "--run", str(run.folder)]) == 1
    assert (
        "the training has not begun; edit its curriculum, and run `openba train`" in capsys.readouterr().err
    )
    assert train(run, quiet=True)
    assert main(["amend", str(run.folder / "curriculum.yaml"), "--run", str(run.folder)]) == 1
    assert "curriculum.yaml: says what the run is doing already" in capsys.readouterr().err


def test_stages_to_come_may_be_edited_in_the_file_and_the_journal_says_so(
    prepared: Path, tmp_path: Path
) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(5)], quiet=True)
    file = edited(run, lambda data: data["stages"][1].update(tokens=250))
    assert train(TrainingRun.open(file, run.folder), quiet=True)
    (event,) = amendments(run)
    assert (event.step, event.reason) == (3, "stages to come were edited")
    assert stages(run) == ["ul2"] * 8 + ["biflan"] * 2
    assert (
        len(list(Replay(run).step(10))) == len(list(Replay(TrainingRun.open(file, run.folder)).step(10))) > 0
    )


def test_a_curriculum_that_left_no_checkpoint_is_begun_anew(prepared: Path, tmp_path: Path) -> None:
    run = copy(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(2)], quiet=True)
    file = edited(run, lambda data: data.update(seed=6))
    assert train(TrainingRun.open(file, run.folder), quiet=True)
    (manifest,) = run.journal().curricula
    assert manifest.seed == 6
    assert (run.train_folder / "journal.before.jsonl").exists()


@pytest.mark.slow
def test_two_processes_and_one_again(prepared: Path, tmp_path: Path) -> None:
    results = []
    for name, processes in (("one", 1), ("two", 2)):
        run = copy(prepared, tmp_path / name)
        with pytest.raises(Killed):
            train(run, [KillAt(4)], quiet=True)
        assert main(["amend", str(edited(run, shorter)), "--run", str(run.folder)]) == 0
        arguments = ["train", "--curriculum", run.folder / "curriculum.yaml", "--run", run.folder, "--quiet"]
        for one in forked("trainer", *arguments, world_size=processes):
            assert one.returncode == 0, one.stderr
        (event,) = amendments(run)
        assert event.step == 3
        results.append([(line["stage"], line["tokens_by_set"]) for line in read_metrics(run.metrics_file)])
        devices = [note.processes for note in run.journal().notes if isinstance(note, Devices)]
        assert devices == [1, 2][:processes]
    assert results[0] == results[1]
