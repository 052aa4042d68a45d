"""The command that scores a run's checkpoint on benchmarks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import openba
from manifests.border.logs import read_benchmarks
from openba.cli import evaluate
from openba.cli.main import main
from tests.trainer.evaluation.harness.items import questions, write, write_cmmlu
from tests.trainer.tiny import write_curriculum, write_shards


@pytest.fixture(scope="module")
def arguments(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """``evaluate`` with a tiny run that was trained."""
    folder = tmp_path_factory.mktemp("evaluated")
    write_shards(folder)
    curriculum = write_curriculum(folder / "curriculum.yaml")
    assert openba.train(curriculum, folder, quiet=True)
    return ["evaluate", "--curriculum", str(curriculum), "--run", str(folder)]


@pytest.mark.slow
def test_a_checkpoints_scores_are_shown_and_kept(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_cmmlu(tmp_path, "agronomy", questions(12))
    write(tmp_path / "biflan" / "en" / "test.jsonl", [{"id": "b", "prompt": "Say if.", "target": "if"}])
    asked = [*arguments, "--tasks", "cmmlu,biflan", "--data", str(tmp_path), "--limit", "8"]
    assert main(asked) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("lm-eval 0.4.13, 8 items of each part at most")
    assert lines[2].split()[:4] == ["cmmlu", "acc", "5", "8"]
    assert " ± " in lines[2]
    assert "0.250  not known" in lines[2]
    assert "only the end was read" in lines[-1]
    assert main([*asked, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    (kept,) = read_benchmarks(Path(arguments[-1]) / "train" / "benchmarks.jsonl")
    assert kept.model_dump(mode="json") == shown
    assert [score.score.items for score in kept.benchmarks] == [8, 1]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--tasks", "cmmlu"], "--tasks needs --data; name the folder of the benchmarks' items"),
        (["--data", "x"], "--data is of benchmarks; name them with --tasks"),
        (["--tasks", "cmlu", "--data", "x"], "--tasks: 'cmlu' is none of the benchmarks; give all, or some"),
    ],
)
def test_what_does_not_go_together_is_told_in_a_line(
    arguments: list[str], more: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, *more]) == 1
    found = capsys.readouterr().err
    assert found.startswith(f"error: {message}")
    assert found.count("\n") == 1


def test_without_the_harness_it_is_said_what_to_install(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(evaluate, "find_spec", lambda name: None)
    assert main([*arguments, "--tasks", "cmmlu", "--data", "x"]) == 1
    assert "pip install 'openba[eval]'" in capsys.readouterr().err
