"""A set is used up in the middle of a stage: the others are read on, or the stage ends; killed or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests.border.logs import read_metrics
from tests.trainer.disturbed import KillAt, Killed, copy, outcome
from tests.trainer.processes import ended, modules
from trainer.replay import Replay
from trainer.run import TrainingRun
from trainer.train import train


def capped(prepared: Path, folder: Path, used_up: str) -> TrainingRun:
    """Chinese, a quarter of 64 chunks, may be read for eight of them."""
    run = copy(prepared, folder)
    file = run.folder / "curriculum.yaml"
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    data["stages"][0] |= {"max_tokens": {"zh": 8 * 24}, "used_up": used_up}
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    return TrainingRun.open(file, run.folder)


def chinese(lines: list[dict[str, Any]]) -> list[int]:
    """Chunks of Chinese that were read until each step of UL2."""
    return [line["tokens_by_set"].get("zh", 0) // 24 for line in lines if line["stage"] == "ul2"]


def rows(run: TrainingRun) -> list[list[tuple[str, int]]]:
    """Of each step of UL2, by the journal alone."""
    replay = Replay(run)
    return [[(sample.set, sample.row) for sample in replay.step(k)] for k in range(1, 9)]


@pytest.mark.parametrize(
    ("used_up", "read"), [("others", [2, 4, 6, 8, 8, 8, 8, 8]), ("repeat", [2, 4, 6, 8, 10, 12, 14, 16])]
)
def test_a_set_that_is_used_up_is_read_no_more_or_on(
    prepared: Path, tmp_path: Path, used_up: str, read: list[int]
) -> None:
    results = []
    for name, kills in (("whole", []), ("killed", [3, 5, 7])):
        run = capped(prepared, tmp_path / name, used_up)
        for step in kills:
            with pytest.raises(Killed):
                train(run, [KillAt(step)], quiet=True)
        assert train(run, quiet=True)
        results.append(outcome(run))
    assert results[0] == results[1]
    lines = read_metrics(run.metrics_file)
    assert chinese(lines) == read
    assert lines[7]["tokens_by_set"]["en"] // 24 == 64 - read[-1]
    assert {sample.set for sample in Replay(run).step(8)} == ({"en"} if used_up == "others" else {"en", "zh"})


def test_a_stage_that_stops_where_a_set_is_used_up_hands_over_to_the_next(
    prepared: Path, tmp_path: Path
) -> None:
    run = capped(prepared, tmp_path, "stop")
    with pytest.raises(Killed):
        train(run, [KillAt(4)], quiet=True)
    assert train(run, quiet=True)
    lines = read_metrics(run.metrics_file)
    stages = [line["stage"] for line in lines]
    assert stages == ["ul2"] * stages.count("ul2") + ["biflan"] * 4
    assert chinese(lines)[-1] == 8
    assert run.journal().events == (), "it is part of the plan"


@pytest.mark.slow
def test_two_processes_that_are_killed_read_what_one_reads(prepared: Path, tmp_path: Path) -> None:
    kinds = ("others", "repeat", "stop")
    alone, run = ([capped(prepared, tmp_path / name / kind, kind) for kind in kinds] for name in ("1", "2"))
    for one in ended(modules("tests.trainer.train_killed", *(each.folder for each in run))):
        assert (one.returncode, one.stdout) == (0, "[3, 3, 3]\n"), one.stderr
    for mine, usual in zip(run, alone, strict=True):
        assert train(usual, quiet=True)
        lines, expected = (read_metrics(each.metrics_file) for each in (mine, usual))
        rounded = {"loss": 0, "gradient_norm": 0}
        assert [line | rounded for line in lines] == [line | rounded for line in expected]
        assert [line["loss"] for line in lines] == pytest.approx(
            [line["loss"] for line in expected], abs=1e-5
        )
        assert rows(mine) == rows(usual)
