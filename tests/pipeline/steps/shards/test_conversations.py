"""Conversations: each answer is an example, with what was said before it in the prompt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.schema.instructions import Speakers
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.shards.conversations import exchanges, turns_schema
from tests.pipeline.steps.shards.test_tasks import encode, model, settings

__all__ = ["model"]
TALK = {
    "name": "talk",
    "prompt": "{history}\nHuman: {question}\nAssistant:",
    "target": "{answer}",
    "history": {"form": "Human: {question}\nAssistant: {answer}"},
}
PLACES = ("Beautiful is better", "Explicit is better", "Simple is better")


def talk(*texts: str, system: str | None = None) -> dict[str, Any]:
    turns = [
        {"from": "human" if place % 2 == 0 else "gpt", "value": text} for place, text in enumerate(texts)
    ]
    return {"conversations": [*([{"from": "system", "value": system}] if system else []), *turns]}


def rows(*talks: dict[str, Any]) -> list[dict[str, Any]]:
    batch = pa.RecordBatch.from_pylist(list(talks), turns_schema(Speakers()))
    return exchanges(batch, Speakers()).to_pylist()


def test_each_answer_is_an_example_and_the_history_is_read_by_the_encoder(
    model: Path, tmp_path: Path
) -> None:
    lines = [talk("What is better?", "Beautiful", "And then?", "Explicit", "Why?"), talk("Is it?", "It is.")]
    found = encode(tmp_path, model, settings([{"name": "chat", "templates": [TALK]}], format="turns"), lines)
    assert [(row["prompt"], row["target"]) for row in found] == [
        ("Human: What is better?\nAssistant:", "Beautiful"),
        ("Human: What is better?\nAssistant: Beautiful\nHuman: And then?\nAssistant:", "Explicit"),
        ("Human: Is it?\nAssistant:", "It is."),
    ]
    assert found[0]["unit"] == found[1]["unit"] != found[2]["unit"], "a conversation is held out whole"


def test_the_oldest_exchanges_go_where_there_is_no_room_and_the_question_stays(
    model: Path, tmp_path: Path
) -> None:
    lines = [talk(*(text for place in range(12) for text in (f"Is {place} better code?", f"Yes, {place}.")))]
    short = {"max_prompt": 180}
    chosen = settings([{"name": "chat", "templates": [TALK]}], format="turns", settings=short)
    found = encode(tmp_path, model, chosen, lines)
    last = found[-1]["prompt"]
    assert last.endswith("Human: Is 11 better code?\nAssistant:")
    kept = last.count("Yes, ")
    assert 0 < kept < 11
    first = 11 - kept
    assert last.startswith(f"Human: Is {first} better code?\nAssistant: Yes, {first}.\n")
    assert [row["shortened"] for row in found[:2]] == [None, None]
    assert found[-1]["shortened"] == "blocks"


def test_a_conversation_that_does_not_alternate_is_counted_and_not_read(model: Path, tmp_path: Path) -> None:
    broken = {"conversations": [{"from": "human", "value": "a"}, {"from": "human", "value": "b"}]}
    lines = [broken, {"conversations": None}, {"conversations": []}, {"other": 1}, talk("Is it?", "It is.")]
    found = encode(tmp_path, model, settings([{"name": "chat", "templates": [TALK]}], format="turns"), lines)
    assert [row["reason"] for row in found] == ["incomplete", None]


def test_fields_of_the_line_choose_the_task_and_the_language(model: Path, tmp_path: Path) -> None:
    lines = [
        talk("什么？", "水。") | {"lang": "zh", "kind": "chat"},
        talk("Is it?", "It is.") | {"lang": "en"},
    ]
    lines[0]["conversations"][0]["weight"] = 1
    chosen = settings(
        [{"name": "chat", "where": {"kind": ["chat"]}, "templates": [TALK]}],
        format="turns",
        language_field="lang",
    )
    found = encode(tmp_path, model, chosen, lines)
    assert [(row["language"], row["task"], row["reason"]) for row in found] == [
        ("zh", "chat", None),
        ("en", "zen", "no_task"),
    ]


def test_what_a_system_says_is_a_field_of_each_record() -> None:
    found = rows(talk("a", "b", "c", "d", system="Be kind."), talk("e", "f"))
    assert [(row["system"], row["question"], row["turn"]) for row in found] == [
        ("Be kind.", "a", 0),
        ("Be kind.", "c", 1),
        ("", "e", 0),
    ]


ROLES = st.sampled_from(["human", "user", "gpt", "assistant", "system", "tool", None])


@given(st.lists(st.lists(st.tuples(ROLES, st.sampled_from(["x", "y", None])), max_size=6), max_size=5))
def test_any_list_of_turns_is_read_as_one_by_one(talks: list[list[tuple[str | None, str | None]]]) -> None:
    lines = [{"conversations": [{"from": role, "value": text} for role, text in turns]} for turns in talks]
    assert rows(*lines) == [row for turns in talks for row in plainly(turns)]


def plainly(turns: list[tuple[str | None, str | None]]) -> list[dict[str, Any]]:
    system = ""
    if turns and turns[0][0] == "system" and turns[0][1] is not None:
        system, turns = turns[0][1], turns[1:]
    asked = [("human", "user"), ("gpt", "assistant")]
    if any(role not in asked[place % 2] or text is None for place, (role, text) in enumerate(turns)):
        return [{"system": None, "question": None, "answer": None, "turn": 0}]
    return [
        {"system": system, "question": turns[at][1], "answer": turns[at + 1][1], "turn": at // 2}
        for at in range(0, len(turns) - 1, 2)
    ]


OTHER_FORMS = [
    '{"conversations": "no list"}',
    '{"conversations": [1]}',
    "[1]",
    '{"conversations": [{"value": 1}]}',
]


@pytest.mark.parametrize("line", OTHER_FORMS)
def test_a_line_of_another_form_is_a_pair_that_was_lost(line: str, model: Path, tmp_path: Path) -> None:
    chosen = settings([{"name": "chat", "templates": [TALK]}], format="turns")
    found = encode(tmp_path, model, chosen, [talk("Is it?", "It is."), json.loads(line), talk("Why?", "So.")])
    assert [row["reason"] for row in found] == [None, "incomplete", None]


def test_a_file_of_another_form_says_what_it_has(model: Path, tmp_path: Path) -> None:
    chosen = settings([{"name": "chat", "templates": [TALK]}], format="turns")
    with pytest.raises(PipelineError, match="no 'conversations' as text; the first one has turns"):
        encode(tmp_path, model, chosen, [{"turns": []}] * 200)
