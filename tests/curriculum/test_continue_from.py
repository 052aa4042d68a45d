"""A stage that reads on where an earlier one stopped reads text that it has not read."""

from __future__ import annotations

from typing import Any

import pytest

from curriculum.curriculum import Curriculum
from curriculum.journal_events import Amendment, Event, Rollback, StageEndedEarly
from curriculum.lookup import steps_that_read
from manifests.schema.base import ManifestError
from tests.curriculum.simulated import all_told
from tests.curriculum.test_lookup import walked
from tests.curriculum.toy import curriculum_manifest, shard_manifest, stage

SHARDS = shard_manifest({"en": 64_100, "zh": 25_600})
HALVES = {"en": 0.5, "zh": 0.5}
FIRST = stage(
    "first", HALVES, 25_600, objective={"kind": "prefix", "source": 64, "target": 64}, max_epochs={"zh": 9}
)
"""200 chunks of 128 tokens, 100 of each set: en has 500 and zh 200."""


def second(**changes: Any) -> dict[str, Any]:
    return stage("second", HALVES, 19_200, max_epochs={"zh": 9}, continue_from="first") | changes


def text(curriculum: Curriculum, name: str) -> dict[str, list[int]]:
    """The places of a set, in pieces of 32 tokens, that each stage reads, in order."""
    found: dict[str, list[int]] = {}
    for k in range(curriculum.total_steps):
        for part in curriculum.step(k).parts:
            span = next(s for s in curriculum.spans if s.stream.stage.name == part.stage)
            pieces = (span.stream.shape.chunk_length or 0) // 32
            rows = part.samples.rows[part.samples.set_index == part.sets.index(name)].tolist()
            found.setdefault(part.stage, []).extend(
                place for row in rows for place in range(row * pieces, (row + 1) * pieces)
            )
    return found


@pytest.mark.parametrize("chunk", [128, 64, 32])
def test_no_token_comes_twice_until_an_epoch_is_over(chunk: int) -> None:
    objective = {"kind": "ul2", "chunk": chunk, "preset": "ul2"} if chunk > 32 else PREFIX_32
    curriculum = Curriculum(curriculum_manifest(FIRST, second(objective=objective)), SHARDS)
    en, zh = text(curriculum, "en"), text(curriculum, "zh")
    assert len(en["first"]) == 400
    assert len(en["second"]) == 300
    assert not set(en["first"]) & set(en["second"]), "new text"
    assert len(set(en["second"])) == 300
    read = zh["first"] + zh["second"]
    assert len(read) == 700, "of 800 places of zh"
    assert len(set(read)) == 700


PAIRS = {"kind": "instruction", "source": 64, "target": 32}
PREFIX_32 = {"kind": "prefix", "source": 16, "target": 16}


def test_an_order_is_read_on_through_several_stages_and_epochs() -> None:
    stages = [FIRST, second(tokens=38_400), second(continue_from="second") | {"name": "third"}]
    curriculum = Curriculum(curriculum_manifest(*stages), SHARDS)
    zh = text(curriculum, "zh")
    read = zh["first"] + zh["second"] + zh["third"]
    assert len(read) == 400 + 600 + 300
    assert sorted(read[:800]) == list(range(800)), "one epoch"
    assert len(set(read[800:])) == 500, "and a part of the next"


def test_the_same_chunks_go_on_as_one_stage_would() -> None:
    """Of a stage as long as both: the same rows in the same order, whatever the later one is called."""
    same = second(objective=FIRST["objective"])
    both = text(Curriculum(curriculum_manifest(FIRST, same), SHARDS), "en")
    whole = text(Curriculum(curriculum_manifest(FIRST | {"tokens": 44_800}), SHARDS), "en")
    assert both["first"] + both["second"] == whole["first"]


def test_one_set_goes_on_and_the_other_begins_anew() -> None:
    alone = Curriculum(curriculum_manifest(FIRST, second(continue_from=None)), SHARDS)
    some = Curriculum(curriculum_manifest(FIRST, second(continue_from={"zh": "first"})), SHARDS)
    assert text(some, "en") == text(alone, "en")
    assert text(some, "zh") != text(alone, "zh")
    assert not set(text(some, "zh")["first"]) & set(text(some, "zh")["second"])


def test_it_reads_on_from_where_the_stage_really_stopped() -> None:
    """After an early end, a rollback that lost samples, and an amendment of the mixture."""
    curriculum = Curriculum(curriculum_manifest(FIRST, second()), SHARDS)
    lost = {
        row
        for k in range(8, 12)
        for row in curriculum.step(k)
        .parts[0]
        .samples.rows[curriculum.step(k).parts[0].samples.set_index == 0]
    }
    events: list[Event] = [
        Rollback(step=12, to=8, reason="spike"),
        Amendment(
            step=14,
            curriculum=curriculum_manifest(FIRST | {"mixture": {"en": 0.8, "zh": 0.2}}, second()),
            reason="",
        ),
        StageEndedEarly(stage="first", step=18, reason="plateau"),
    ]
    for event in events:
        curriculum.apply(event)
    anew = Curriculum(curriculum_manifest(FIRST, second()), SHARDS)
    for event in events:
        anew.apply(event)
    assert all_told(curriculum) == all_told(anew)
    en = text(curriculum, "en")
    assert not {place // 4 for place in en["second"]} & {int(row) for row in lost}
    read = en["first"] + en["second"]
    assert len(set(read)) == len(read)


SHORT = stage("first", {"en": 0.75, "zh": 0.25}, 40_000, leave_whole=96, max_epochs={"zh": 9})
"""Chunks of 64 tokens: 469 of en, of which 333 blocks of 3 are 11 windows of 32 and less."""
LONGER = {"kind": "prefix", "source": 48, "target": 48}


def test_longer_chunks_find_whole_text_where_it_was_left_whole() -> None:
    curriculum = Curriculum(
        curriculum_manifest(SHORT, second(objective=LONGER, mixture={"en": 1.0}, max_epochs={})), SHARDS
    )
    en = text(curriculum, "en")
    assert len(en["second"]) == 600
    read = en["first"] + en["second"]
    assert len(set(read)) == len(read), "new text"
    source = curriculum.spans[1].stream.sources[0]
    assert source.skipped == 5 * 32 * 2, "469 chunks of 96 a window are in the first five windows"
    assert source.allowed == 333 * 2 - 320


def test_windows_hold_each_row_once_in_an_epoch_and_other_ones_in_the_next() -> None:
    whole = SHORT | {"mixture": {"en": 1.0}, "tokens": 2 * 999 * 64, "max_epochs": {"en": 2}}
    en = text(Curriculum(curriculum_manifest(whole), SHARDS), "en")["first"]
    epochs = en[:1998], en[1998:]
    for epoch in epochs:
        assert sorted(epoch) == list(range(1998))
    assert epochs[0] != epochs[1]
    for epoch in epochs:
        blocks = [place // 6 for place in epoch]
        assert len(set(blocks[: 32 * 6])) == 32, "a window of 32 blocks is read whole"
        assert len(set(blocks[:60])) > 15, "its chunks are shuffled"


def test_rows_are_found_in_windows() -> None:
    curriculum = Curriculum(curriculum_manifest(SHORT, second(objective=LONGER)), SHARDS)
    curriculum.apply(Rollback(step=30, to=20, reason="spike"))
    found = walked(curriculum)
    for index, name in ((0, "first"), (1, "second")):
        for row in range(0, 1003, 3):
            assert steps_that_read(curriculum, index, "en", row) == found.get((name, "en", row), [])


def test_rows_are_found_where_they_are_read_on() -> None:
    curriculum = Curriculum(curriculum_manifest(FIRST, second(tokens=38_400)), SHARDS)
    found = walked(curriculum)
    for name in HALVES:
        for row in range(0, 1001, 3):
            assert steps_that_read(curriculum, 1, name, row) == found.get(("second", name, row), [])


REFUSED: list[tuple[tuple[dict[str, Any], ...], str]] = [
    (
        (FIRST, second(objective={"kind": "ul2", "chunk": 48, "preset": "ul2"})),
        "stage second: continue_from: first reads chunks of 128 tokens in random order and leaves en in pieces of "
        "that length; this stage's chunks (48) must be as long, or a whole part of it; give first leave_whole: 48 "
        "before it begins, or remove continue_from",
    ),
    (
        (FIRST, second(objective={"kind": "prefix", "source": 128, "target": 128})),
        "must be as long, or a whole part of it",
    ),
    (
        (FIRST, second(max_epochs={}, tokens=38_400)),
        "stage second: set zh runs short by 6,400 tokens: the stage reads 300 samples, but 1 epochs of 400 allow "
        "200 after the 200 of the stage before; lower tokens or the set's share, make more shards, or set "
        "max_epochs: {zh: 1.25}",
    ),
]


@pytest.mark.parametrize(("stages", "message"), REFUSED)
def test_what_cannot_be_read_on_is_refused(stages: tuple[dict[str, Any], ...], message: str) -> None:
    with pytest.raises(ManifestError) as error:
        Curriculum(curriculum_manifest(*stages), SHARDS)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (
            (second(),),
            "stage 'second' continues from 'first', which is none of the stages before it (there are none)",
        ),
        (
            (FIRST, second(blend={"tokens": 640})),
            "stage 'second' continues from 'first', which its blend still reads: both would read the same",
        ),
        (
            (FIRST, second(rehearse={"first": 0.1})),
            "stage 'second' continues from 'first', which 'second' rehearses: both would read the same",
        ),
        (
            (FIRST, second(), second() | {"name": "third"}),
            "stages 'second' and 'third' both continue 'en' from 'first' and would read the same; let 'third' "
            "continue from 'second'",
        ),
        (
            (FIRST | {"mixture": {"en": 1.0}, "max_epochs": {}}, second(continue_from={"zh": "first"})),
            "stage 'second' continues 'zh' from 'first', which reads en; remove it from continue_from",
        ),
        (
            (FIRST | {"objective": PAIRS, "leave_whole": 64},),
            "pairs are always read whole; remove leave_whole",
        ),
        (
            (FIRST, second(continue_from={"fr": "first"})),
            "continue_from names 'fr', which is not in the mixture (en, zh); remove it",
        ),
    ],
)
def test_orders_that_would_cross_are_refused(stages: tuple[dict[str, Any], ...], message: str) -> None:
    with pytest.raises(ValueError, match="error") as error:
        curriculum_manifest(*stages)
    assert message in str(error.value)
