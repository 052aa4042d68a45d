"""Pairs of instruction sources: why one is of no use, what is cut, and how many a source may give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.border.arrow_files import open_table
from manifests.schema.dedup import DedupSettings
from manifests.schema.instructions import InstructionSettings
from manifests.schema.privacy import PrivacySettings
from pipeline.models.tokenizer import Tokenizer, train
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.shards.instruction_budget import plan_pairs
from pipeline.steps.shards.instruction_pairs import ENCODED, LISTS, EncodePairs
from pipeline.steps.shards.long_prompts import cut_middle
from pipeline.steps.shards.pair_counts import pair_counts
from pipeline.steps.shards.token_gather import Columns
from tests.pipeline.steps.privacy.looks import PLACEHOLDERS
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


def encode(
    folder: Path,
    model: Path,
    records: list[dict[str, Any]],
    chosen: InstructionSettings,
    privacy: PrivacySettings = PLACEHOLDERS,
) -> Columns:
    (folder / "zen.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    paths = (folder / "zen.jsonl",)
    scrubber, dedup = Scrubber(privacy), DedupSettings()
    work = EncodePairs(chosen.sources, paths, model, chosen, None, scrubber, 0.0, 1, dedup)
    work(0, folder / "pairs.arrow")
    return Columns((folder / "pairs.arrow",), ENCODED)


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
        for prompt, cut in zip(table["prompt"].to_pylist(), table["shortened"].to_pylist(), strict=True)
        if cut == "middle"
    ] == [20]
    assert set(table["task"].to_pylist()) == {"zen/qa"}


PERSONAL = [
    {
        "question": "Is it zhang@163.com?",
        "answer": "Zhang, 13812345678.",
        "lang": "en",
        "of": "a@b.com",
    },
    {"question": "Beautiful is better than", "answer": "ugly.", "lang": "en", "of": "zen"},
    {"question": "Where?", "answer": "zhang@163.com", "lang": "en", "of": "zen"},
]


def test_prompts_targets_and_task_names_have_no_personal_data(model: Path, tmp_path: Path) -> None:
    encode(tmp_path, model, PERSONAL, settings(task_field="of"))
    table = open_table(tmp_path / "pairs.arrow")
    said = Tokenizer(model)
    assert said.decode(table["prompt"].combine_chunks()).to_pylist() == [
        "Is it <EMAIL>?",
        "Beautiful is better than",
        "Where?",
    ]
    targets = said.decode(table["target"].combine_chunks()).to_pylist()
    assert targets == ["Zhang, <PHONE_CN>.", "ugly.", "<EMAIL>"]
    assert table["task"].to_pylist() == ["<EMAIL>", "zen", "zen"]


def test_a_pair_without_anything_left_or_with_what_drops_it_is_of_no_use(model: Path, tmp_path: Path) -> None:
    privacy = PrivacySettings(actions={"email": "remove", "phone_cn": "drop"})
    encode(tmp_path, model, PERSONAL, settings(), privacy)
    table = open_table(tmp_path / "pairs.arrow")
    assert table["reason"].to_pylist() == ["personal_data", None, "empty"]
    assert [len(row) for row in table["target"].to_pylist()][::2] == [0, 0]


def test_a_long_prompt_loses_its_middle_and_is_counted(model: Path, tmp_path: Path) -> None:
    """What is asked stands at its end, and the text that it is about at its beginning."""
    text = " ".join(["Readability counts, and special cases are not special enough to break the rules."] * 4)
    question = "Summarise: " + text + " What counts?"
    records = [{"question": question, "answer": "readability", "lang": "en"}, RECORDS[0]]
    chosen = settings()
    encoded = encode(tmp_path, model, records, chosen)
    table = open_table(tmp_path / "pairs.arrow")
    prompt, short = table["prompt"].to_pylist()
    whole = Tokenizer(model).encode(pa.array([question, "Beautiful is better than"])).to_pylist()
    assert len(whole[0]) > 40
    assert prompt == whole[0][:10] + whole[0][-10:]
    assert short == whole[1]
    assert Tokenizer(model).decode(pa.array([prompt], LISTS))[0].as_py().endswith("What counts?")
    tokens = sum(len(row) for name in ("prompt", "target") for row in table[name].to_pylist())
    chosen = chosen.model_copy(update={"ratio": {"en": 1.0}, "tokens": tokens})
    counts = dict(pair_counts(plan_pairs(encoded, chosen, heldout=0.0, seed=1), encoded, chosen))
    assert (counts["pairs/train/zen"], counts["pairs/cut/zen"]) == (2, 1)


@given(st.lists(st.lists(st.integers(0, 99), max_size=12)), st.integers(0, 12), st.integers(0, 12))
def test_a_list_keeps_its_first_half_of_the_room_and_its_last(
    lists: list[list[int]], longest: int, less: int
) -> None:
    """What is cut again, as the trainer does, is what it would be if it was cut once."""
    found = cut_middle(pa.array(lists, LISTS), longest)
    head, tail = longest // 2, longest - longest // 2
    assert found.to_pylist() == [
        one if len(one) <= longest else one[:head] + one[len(one) - tail :] for one in lists
    ]
    shorter = min(less, longest)
    assert cut_middle(found, shorter) == cut_middle(pa.array(lists, LISTS), shorter)
    assert cut_middle(pa.array([[7], *lists], LISTS)[1:], longest) == found


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
