"""Prompts that are too long: what goes, and that the question stays. Here a token is a character."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from manifests.schema.instruction_templates import Template
from pipeline.steps.shards.conversations import earlier
from pipeline.steps.shards.long_prompts import STRADDLING, Fitted, fitted
from pipeline.steps.shards.pair_drafts import BLOCKS, Drafts, written

QUESTION = "Who said so?"


def characters(texts: pa.Array) -> pa.ListArray:
    """Each text as code points."""
    lists = [[ord(character) for character in text or ""] for text in texts.to_pylist()]
    return pa.array(lists, pa.list_(pa.uint32()))


def fit(
    texts: list[str], longest: int, blocks: list[list[str]] | None = None, **more: Any
) -> tuple[Fitted, list[str]]:
    """What becomes of ``before / text / after`` prompts, and the prompts as text."""
    prompt = "{exemplars}|{text}" if blocks else f"Read: {{text}}\n{QUESTION}"
    few = {"few_shot": {"shots": 1, "form": "{text}", "separator": "|"}} if blocks else {}
    template = Template.model_validate({"name": "t", "prompt": prompt, "target": "{text}", **few, **more})
    records = pa.RecordBatch.from_pydict({"id": ["i"] * len(texts), "text": texts})
    row, nothing = np.arange(len(texts)), pa.nulls(len(texts), pa.string())
    drafts = written(
        Drafts(
            records,
            (template,),
            row,
            0 * row,
            pa.array(blocks, BLOCKS) if blocks else pa.nulls(len(texts), BLOCKS),
            np.zeros(len(texts), bool),
            nothing,
            nothing,
        )
    )
    found = fitted(drafts, characters(drafts.prompt), characters, longest)
    return found, ["".join(map(chr, prompt)) for prompt in found.prompt.to_pylist()]


LONGEST = 60
TEXTS = st.lists(st.text("abcdefgh", min_size=1, max_size=200), min_size=1, max_size=6)


@given(TEXTS)
def test_a_field_that_is_cut_loses_its_end_and_the_question_stays(texts: list[str]) -> None:
    found, prompts = fit(texts, LONGEST, too_long={"action": "cut", "field": "text"})
    room = LONGEST - len(f"Read: \n{QUESTION}") - 2 * STRADDLING
    for text, prompt, how in zip(texts, prompts, found.how.to_pylist(), strict=True):
        whole = f"Read: {text}\n{QUESTION}"
        assert prompt == (
            whole
            if len(whole) <= LONGEST
            else f"Read: {text[: STRADDLING + room]}{text[-STRADDLING:]}\n{QUESTION}"
        )
        assert how == ("cut" if len(whole) > LONGEST else None)
    assert found.reason.null_count == len(texts)


@given(TEXTS)
def test_a_field_that_is_split_comes_whole_in_parts_each_with_the_question(texts: list[str]) -> None:
    found, prompts = fit(texts, LONGEST, too_long={"action": "split", "field": "text"})
    assert found.pair.tolist() == sorted(found.pair)
    assert max(map(len, prompts)) <= LONGEST
    for index, text in enumerate(texts):
        parts = [prompts[place] for place in np.flatnonzero(found.pair == index)]
        assert all(part.startswith("Read: ") and part.endswith(f"\n{QUESTION}") for part in parts)
        inside = [part.removeprefix("Read: ").removesuffix(f"\n{QUESTION}") for part in parts]
        if len(parts) > 1:
            middles = "".join(part[STRADDLING:-STRADDLING] for part in inside)
            assert text == inside[0][:STRADDLING] + middles + inside[-1][-STRADDLING:]
        else:
            assert inside == [text]


@given(
    st.lists(st.lists(st.text("xyz", min_size=1, max_size=30), max_size=6), min_size=1, max_size=5),
    st.integers(1, 90),
)
def test_the_first_examples_go_one_by_one_and_no_more_than_needed(
    blocks: list[list[str]], longest: int
) -> None:
    found, prompts = fit(["Q"] * len(blocks), longest, blocks)
    for given_blocks, prompt, how in zip(blocks, prompts, found.how.to_pylist(), strict=True):
        wanted = ["|".join([*given_blocks[less:]]) + "|Q" for less in range(len(given_blocks) + 1)]
        fits = [text for text in wanted if len(text) <= longest]
        if fits:
            assert prompt == fits[0]
            assert how == (None if fits[0] == wanted[0] else "blocks")
        else:
            assert (len(prompt), how) == (longest, "middle")


def test_a_prompt_is_dropped_where_the_template_says_or_where_only_the_question_would_be_left() -> None:
    dropped, _ = fit(["short", "long" * 30], LONGEST, too_long={"action": "drop"})
    assert dropped.reason.to_pylist() == [None, "prompt_too_long"]
    narrow, _ = fit(
        ["long" * 30], len(QUESTION) + 2 * STRADDLING, too_long={"action": "split", "field": "text"}
    )
    assert (narrow.reason.to_pylist(), narrow.how.to_pylist()) == (["prompt_too_long"], [None])


def test_without_a_rule_the_middle_goes() -> None:
    found, (prompt,) = fit(["long" * 30], 20)
    assert prompt == "Read: long" + f"\n{QUESTION}"[-10:]
    assert found.how.to_pylist() == ["middle"]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.integers(0, 30), st.data())
def test_history_is_what_was_said_before_in_the_conversation_as_far_as_there_is_room(
    sizes: list[int], most: int, data: st.DataObject
) -> None:
    turn = np.concatenate([np.arange(size) for size in sizes])
    tokens = np.array(data.draw(st.lists(st.integers(0, 12), min_size=len(turn), max_size=len(turn))))
    blocks = pa.array([str(place) for place in range(len(turn))])
    rows = np.arange(len(turn))[data.draw(st.integers(0, len(turn) - 1)) :]
    found = earlier(turn, rows, blocks, tokens, most).to_pylist()
    for row, history in zip(rows, found, strict=True):
        begins = [begin for begin in range(row - turn[row], row + 1) if tokens[begin:row].sum() <= most]
        assert history == [str(place) for place in range(begins[0], row)]
