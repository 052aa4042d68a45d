"""The examples of the plug-ins' guide do what they say."""

from __future__ import annotations

import runpy
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "plugins"
GUIDE = (EXAMPLES.parents[1] / "guides" / "plug-ins.md").read_text(encoding="utf-8")


def example(name: str) -> Any:
    return SimpleNamespace(**runpy.run_path(str(EXAMPLES / f"{name}.py")))


def batch(*texts: str) -> pa.RecordBatch:
    return pa.record_batch({"text": list(texts)})


def test_the_signal_gives_the_share_of_capitals() -> None:
    values = example("capitals").capitals(batch("NASA says no", "学而时习之", ""))
    assert values.tolist() == pytest.approx([0.4, 0, 0])


def test_the_reader_gives_a_document_a_row() -> None:
    table = b"number;author;body\n7;Tim Peters;Beautiful is better than ugly.\n"
    file = SimpleNamespace(open=lambda: BytesIO(table))
    assert list(example("letters").read_csv(file, {"delimiter": ";"})) == [
        {"text": "Beautiful is better than ugly.", "id": "7", "meta": {"author": "Tim Peters"}}
    ]


def test_the_step_keeps_first_lines_and_names_its_reason() -> None:
    step = example("first_line").FirstLine({"least": 10})
    reasons, texts = step.process(batch("Now is better than never.\nAlthough", "Never\nis often better"))
    assert reasons.to_pylist() == [None, "first_line_short"]
    assert texts.to_pylist() == ["Now is better than never.", "Never"]


def test_the_callback_writes_a_line_a_step(tmp_path: Path) -> None:
    table = example("loss_table").LossTable()
    table.on_start(SimpleNamespace(train_folder=tmp_path), 0)
    table.step({"step": 1, "stage": "ul2", "loss": 9.5}, None)
    table.close()
    assert (tmp_path / "losses.csv").read_text() == "1,ul2,9.5\n"


def test_the_stage_end_metric_is_the_greatest_loss() -> None:
    record = {"step": 2, "stage": "ul2", "losses": {"en": 5.3, "zh": 7.2}}
    assert example("worst_language").worst_loss(record) == 7.2


def test_the_guide_shows_every_example() -> None:
    assert [path.name for path in EXAMPLES.glob("*.py") if path.name not in GUIDE] == []
