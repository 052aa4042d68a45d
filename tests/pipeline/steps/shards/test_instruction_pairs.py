"""Pairs of instruction sources: why one is of no use, what is cut, and how many a source may give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from manifests.schema.instructions import InstructionSettings
from pipeline.models.tokenizer import train
from pipeline.runtime.arrow_files import open_table
from pipeline.steps.shards.instruction_budget import pair_counts, plan_pairs
from pipeline.steps.shards.instruction_pairs import EncodePairs
from pipeline.steps.shards.token_gather import Columns
from tests.pipeline.steps.shards.toy import documents

RECORDS: list[dict[str, Any]] = [
    {"question": "Beautiful is better than", "answer": "ugly.", "lang": "en"},
    {"question": "Schön ist besser als", "answer": "hässlich.", "lang": "de"},
    {"question": "Explicit is better than", "answer": " ", "lang": "en"},
    {"question": None, "answer": "implicit.", "lang": "en"},
    {
        "question": "Simple is better than",
        "answer": "complex, and complex is better than complicated, flat better than nested.",
        "lang": "en",
    },
    {
        "question": "Errors should never pass silently, unless explicitly silenced. What does this line of "
        "the Zen mean?",
        "answer": "x",
        "lang": "en",
    },
    {"question": "上善若", "answer": "水。", "lang": "zh"},
    {"question": "Beautiful is better than", "answer": "ugly.", "lang": "en"},
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tokenizer.model"
    train((text for _, _, text in documents()), 1200, path, seed=1)
    return path


def settings(**more: Any) -> InstructionSettings:
    template = {"name": "qa", "prompt": "{question}", "target": "{answer}"}
    source = {
        "name": "zen",
        "path": "zen.jsonl",
        "format": "jsonl",
        "language": "en",
        "language_field": "lang",
        "templates": [template],
    }
    return InstructionSettings.model_validate(
        {"tokens": 30, "max_prompt": 20, "max_target": 12, "sources": [source | more]}
    )


def encode(folder: Path, model: Path, records: list[dict[str, Any]], chosen: InstructionSettings) -> Columns:
    (folder / "zen.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    EncodePairs(chosen.sources, (folder / "zen.jsonl",), model, chosen, None)(0, folder / "pairs.arrow")
    return Columns((folder / "pairs.arrow",))


def test_each_useless_pair_has_its_reason_and_long_prompts_are_cut(model: Path, tmp_path: Path) -> None:
    encode(tmp_path, model, RECORDS, settings())
    table = open_table(tmp_path / "pairs.arrow")
    assert table["reason"].to_pylist() == [
        None,
        "language",
        "empty",
        "incomplete",
        "target_too_long",
        None,
        None,
        None,
    ]
    assert [
        len(prompt)
        for prompt, cut in zip(table["prompt"].to_pylist(), table["cut"].to_pylist(), strict=True)
        if cut
    ] == [20]
    assert set(table["task"].to_pylist()) == {"zen/qa"}


def test_duplicates_go_and_a_source_gives_at_most_max_pairs(model: Path, tmp_path: Path) -> None:
    numbers = [
        {
            "question": f"Repeat {number} in English{'!' * (number % 9)}",
            "answer": str(number),
            "lang": "zh" if number % 3 else "en",
        }
        for number in range(360)
    ]
    chosen = settings(max_pairs=300).model_copy(update={"ratio": {"en": 0.5, "zh": 0.5}, "tokens": 2000})
    encoded = encode(tmp_path, model, numbers + numbers[:5], chosen)
    made = plan_pairs(encoded, chosen, heldout=0.05, seed=1)
    counts = dict(pair_counts(made, encoded, chosen))
    assert counts["pairs/read/zen"] == 365
    assert counts["pairs/rejected/duplicate/zen"] == 5
    assert counts["pairs/rejected/max_pairs/zen"] == 60
    assert (
        counts["pairs/train/zen"] + counts["pairs/heldout/zen"] + counts["pairs/rejected/over_budget/zen"]
        == 300
    )
    assert (made.reason[360:] == "duplicate").all()
    english, chinese = (made.tokens[(made.use == 1) & (made.language == index)].sum() for index in (0, 1))
    assert english / chinese == pytest.approx(1, rel=0.01)
    assert np.isin((0, 1), made.language[made.use == 2]).all()
