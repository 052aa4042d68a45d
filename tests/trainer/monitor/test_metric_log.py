"""Lines that a run writes: torn and later ones are dropped, and the others are on disk before the checkpoint
that counts them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from manifests.json_lines import whole_lines
from tests.durable import recorded
from trainer.monitor.metric_log import MetricLog
from trainer.run import TrainingRun
from trainer.train import train


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in whole_lines(file)]


def test_opening_drops_the_lines_of_later_steps_and_a_torn_one(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    lines = [json.dumps({"step": step}).encode() + b"\n" for step in (1, 2, 2, 3)]
    file.write_bytes(b"".join(lines) + b'{"step": 2, "los')
    assert [line["step"] for line in lines_of(file)] == [1, 2, 2, 3]
    records = MetricLog(file, 2)
    assert file.read_bytes() == b"".join(lines[:3])
    records.append({"step": 3, "loss": 6.25})
    records.close()
    assert lines_of(file)[3:] == [{"step": 3, "loss": 6.25}]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_has_no_number_for_is_refused(tmp_path: Path, value: float) -> None:
    log = MetricLog(tmp_path / "metrics.jsonl", 0)
    with pytest.raises(ValueError, match="Out of range float"):
        log.append({"step": 1, "loss": value})
    log.append({"step": 1, "name": "学"})
    log.close()
    assert (tmp_path / "metrics.jsonl").read_text(encoding="utf-8") == '{"step": 1, "name": "学"}\n'


def test_flushed_lines_are_on_disk(tmp_path: Path) -> None:
    records = MetricLog(tmp_path / "metrics.jsonl", 0)
    for end in (records.flush, records.close):
        records.append({"step": 1, "stage": "ul2"})
        with recorded() as events:
            end()
        assert [event[:2] for event in events] == [("sync", records.file)]
        assert events[0].size == records.file.stat().st_size > 0


def test_the_lines_are_on_disk_before_the_checkpoint_that_counts_them(prepared: Path, tmp_path: Path) -> None:
    shutil.copytree(prepared, tmp_path / "run")
    run = TrainingRun.open(tmp_path / "run" / "curriculum.yaml", tmp_path / "run")
    with recorded() as events:
        assert train(run, quiet=True)
    named = {
        event.to: index
        for index, event in enumerate(events)
        if event.to is not None and event.to.name.startswith("step-")
    }
    assert [path.name for path in named] == [f"step-{step:09d}" for step in (3, 6, 8, 9, 12)]
    for name in ("metrics.jsonl", "evaluation.jsonl"):
        content = (run.train_folder / name).read_bytes()
        lines = lines_of(run.train_folder / name)
        for checkpoint, index in named.items():
            step = int(checkpoint.name[5:])
            whole = len(
                b"".join(content.splitlines(keepends=True)[: sum(line["step"] <= step for line in lines)])
            )
            flushed = [event.size for event in events[:index] if event.path == run.train_folder / name]
            assert flushed[-1] >= whole, f"{name} at {checkpoint.name}"
