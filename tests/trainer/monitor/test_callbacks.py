from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.trainer.disturbed import KillAt, Killed
from tests.trainer.tiny import write_curriculum, write_shards
from trainer.monitor.terminal import ProgressBar, ProgressLog, progress_on_terminal
from trainer.monitor.throughput_and_mfu import Throughput
from trainer.monitor.token_counter import TokenCounter
from trainer.run import TrainingRun
from trainer.train import train

TOKENS = {("ul2", "en"): 6 * 8 * 24, ("ul2", "zh"): 2 * 8 * 24}
LINE = re.compile(
    r"step (\d+)/12  (\w+)  loss ([\d.]+)  lr ([\d.e-]+)  ([\d,]+) tokens/s  MFU ([\d.]+)%  tokens of the "
    r"stage: (.*)  ETA (\d:\d\d:\d\d)"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    """A run that was killed after step 7 and resumed from step 6; not to be changed."""
    folder = tmp_path_factory.mktemp("watched")
    write_shards(folder)
    run = TrainingRun.open(write_curriculum(folder / "curriculum.yaml"), folder)
    with pytest.raises(Killed):
        train(run, [KillAt(7)], quiet=True)
    assert train(run, quiet=True)
    return run


def scalars(run: TrainingRun) -> dict[str, dict[int, float]]:
    events = EventAccumulator(str(run.train_folder / "tensorboard")).Reload()
    return {
        name: {event.step: event.value for event in events.Scalars(name)} for name in events.Tags()["scalars"]
    }


def test_tensorboard_holds_speed_and_tokens_by_stage_and_language(run: TrainingRun) -> None:
    found = scalars(run)
    lines = [json.loads(line) for line in (run.train_folder / "metrics.jsonl").read_text().splitlines()]
    assert found["train/loss"] == pytest.approx({line["step"]: line["loss"] for line in lines})
    for name in ("speed/tokens_per_second", "speed/mfu"):
        assert list(found[name]) == list(range(1, 13))
        assert min(found[name].values()) > 0
    assert max(found["speed/mfu"].values()) < 1
    assert {(stage, language): found[f"tokens/{stage}/{language}"][8] for stage, language in TOKENS} == TOKENS
    pairs = lines[-1]["tokens_by_set"]["pairs"]
    assert found["tokens/biflan/en"][12] == pairs
    assert sorted(found["tokens/biflan/en"]) == [9, 10, 11, 12]


def test_stats_hold_speed_and_tokens_by_stage_and_language(run: TrainingRun) -> None:
    stats = json.loads((run.train_folder / "stats.json").read_text())
    assert stats["steps"] == 6
    assert stats["tokens_by_stage"]["ul2"] == {language: TOKENS["ul2", language] for language in ("en", "zh")}
    assert 0 < stats["mfu"] < 1
    assert 0 < stats["step_seconds"] <= stats["seconds"]
    assert stats["tokens_per_second"] > 0


def test_without_a_terminal_there_are_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_shards(tmp_path)
    run = TrainingRun.open(write_curriculum(tmp_path / "curriculum.yaml"), tmp_path)
    assert train(run)
    lines = capsys.readouterr().out.splitlines()
    told = [match.groups() for line in lines if (match := LINE.fullmatch(line))]
    metrics = [json.loads(line) for line in (run.train_folder / "metrics.jsonl").read_text().splitlines()]
    for step, record in ((told[0], metrics[0]), (told[-1], metrics[-1])):
        assert step[:3] == (str(record["step"]), record["stage"], f"{record['loss']:.4f}")
    assert told[0][6] == "en 144 zh 48"
    assert told[-1][6] == f"en {metrics[-1]['tokens_by_set']['pairs']}"
    assert told[-1][7] == "0:00:00"
    heldout = [line for line in lines if "held-out, objective ul2: en " in line]
    assert [line.split()[1] for line in heldout] == ["0", "8", "12"]


def record(step: int) -> dict[str, object]:
    return {
        "step": step,
        "stage": "ul2",
        "loss": 4.0,
        "learning_rate": 0.001,
        "tokens": step,
        "tokens_by_set": {},
    }


def test_a_line_comes_at_first_at_last_and_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    log = ProgressLog(total_steps=100, token_counter=TokenCounter({}), period=10)
    for step in range(1, 101):
        log.step(
            record(step), Throughput(elapsed=0.3 * step, tokens_per_second=1234.5, mfu=0.31, remaining=3661)
        )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["1/100", "35/100", "69/100", "100/100"]
    assert "1,234 tokens/s  MFU 31.0%" in lines[0]
    assert lines[0].endswith("ETA 1:01:01")


def test_a_bar_is_drawn_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(progress_on_terminal(100, 1000, 0, TokenCounter({})), ProgressLog)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = progress_on_terminal(100, 1000, 250, TokenCounter({}))
    assert isinstance(bar, ProgressBar)
    bar.step(record(500), Throughput(elapsed=1, tokens_per_second=10, mfu=0.31, remaining=1))
    bar.close()
    drawn = capsys.readouterr().err
    assert "ul2 step 500/100" in drawn
    assert "loss 4.000, lr 1.00e-03, MFU 31.0%" in drawn
    assert "500/1.00k" in drawn
