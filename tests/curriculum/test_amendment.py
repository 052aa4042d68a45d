"""Another manifest in the middle of a training: what is past stays, what comes is the new manifest's, and the
journal alone tells both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curriculum.curriculum import Curriculum
from curriculum.journal import Journal
from curriculum.journal_events import Amendment, Rollback, StageEndedEarly
from curriculum.lookup import steps_that_read
from curriculum.lr_schedule import learning_rate
from manifests.schema.base import ManifestError
from manifests.schema.curriculum import CurriculumManifest
from tests.curriculum.simulated import all_told
from tests.curriculum.test_lookup import walked
from tests.curriculum.toy import curriculum_manifest, shard_manifest, stage

SHARDS = shard_manifest(
    {"en": 64_000, "zh": 64_010, "code": 32_000}, {"pairs_en": (60_000, 1000), "pairs_zh": (30_000, 1000)}
)
HALVES = {"en": 0.5, "zh": 0.5}
PREFIX = {"kind": "prefix", "source": 64, "target": 64}
PAIRS = {"kind": "instruction", "source": 64, "target": 32}
UL2 = stage("ul2", HALVES, 12_800)
LENGTH = stage("length", HALVES, 12_800, objective=PREFIX)
BIFLAN = stage("biflan", {"pairs_en": 0.667, "pairs_zh": 0.333}, 9_000, objective=PAIRS)
BLENDED = LENGTH | {"blend": {"tokens": 6_400}, "rehearse": {"ul2": 0.1}}


def amended(stages: list[dict[str, Any]], step: int, *changed: dict[str, Any]) -> Curriculum:
    """The curriculum of some stages with others in force from a step on."""
    return Curriculum(curriculum_manifest(*stages), SHARDS).amended(curriculum_manifest(*changed), step)


def sets_of(curriculum: Curriculum, first: int, stop: int) -> list[str]:
    return [
        part.sets[index]
        for k in range(first, stop)
        for part in curriculum.step(k).parts
        for index in part.samples.set_index.tolist()
    ]


def test_the_mixture_changes_from_its_step_on_and_each_set_goes_on() -> None:
    """80 samples in halves, then 120 in which en has three of four and code comes in."""
    later = UL2 | {"mixture": {"en": 0.75, "code": 0.25}}
    before, after = (
        Curriculum(curriculum_manifest(UL2, LENGTH), SHARDS),
        amended([UL2, LENGTH], 10, later, LENGTH),
    )
    assert all_told(after, 10) == all_told(before, 10)
    assert after.total_steps == before.total_steps
    assert [after.step(k).parts[0].sets for k in (9, 10)] == [("en", "zh"), ("code", "en")]
    sets = sets_of(after, 10, 25)
    assert {name: sets.count(name) for name in sets} == {"en": 90, "code": 30}
    stream = after.spans[0].stream
    assert dict(zip(stream.mixture.sets, stream.mixture.counts(200), strict=True)) == {
        "code": 30, "en": 130, "zh": 40,
    }  # fmt: skip
    rows = [row for (_, name, row), steps in walked(after).items() if name == "en" for _ in steps]
    assert len(rows) == 130 + 50
    assert all_told(after)[25:] == all_told(before)[25:], "the next stage draws as it did"


def test_a_stage_is_made_longer_and_its_cosine_stretches() -> None:
    longer = UL2 | {"tokens": 25_600}
    curriculum = amended([UL2, LENGTH], 10, longer, LENGTH)
    assert [span.steps for span in curriculum.spans] == [50, 13]
    rate = curriculum.stage_at(0).learning_rate
    assert [curriculum.step(k).learning_rate for k in (9, 10, 49)] == [
        learning_rate(rate, 9, 25), learning_rate(rate, 10, 50), learning_rate(rate, 49, 50),
    ]  # fmt: skip


def test_batch_rate_and_optimizer_hold_from_the_step_on() -> None:
    other = UL2 | {
        "global_batch": 6,
        "learning_rate": {"schedule": "constant", "peak": 5e-4},
        "optimizer": {"weight_decay": 0.0},
        "z_loss": 1e-4,
    }
    curriculum = amended([UL2, LENGTH], 10, other, LENGTH)
    sizes = [len(curriculum.step(k).parts[0].samples) for k in range(curriculum.spans[0].end)]
    assert sizes == [8] * 10 + [6] * 20, "200 samples as before"
    assert [curriculum.step(k).learning_rate for k in (10, 29)] == [5e-4, 5e-4]
    assert [curriculum.step(k).optimizer.weight_decay for k in (9, 10)] == [0.1, 0.0]
    assert [curriculum.stage_at(k).z_loss for k in (9, 10)] == [0.0, 1e-4]
    assert [curriculum.manifest_at(k).stages[0].global_batch for k in (9, 10, 40)] == [8, 6, 6]


def test_later_stages_come_go_and_change_places() -> None:
    curriculum = amended([UL2, LENGTH], 10, UL2, BIFLAN, LENGTH | {"name": "longer"})
    assert [span.stream.stage.name for span in curriculum.spans] == ["ul2", "biflan", "longer"]
    assert all_told(curriculum, 25) == all_told(Curriculum(curriculum_manifest(UL2), SHARDS), 25)
    assert amended([UL2, LENGTH], 10, UL2).total_steps == 25
    assert amended([UL2], 25, UL2, LENGTH).total_steps == 38, "a finished training gets another stage"


def test_a_stage_that_has_not_begun_may_become_any_other() -> None:
    other = BIFLAN | {"name": "pairs"}
    assert [span.stream.stage.name for span in amended([UL2, LENGTH], 25, UL2, other).spans] == [
        "ul2",
        "pairs",
    ]


def test_a_rolled_back_amendment_holds_again_from_its_own_step(tmp_path: Path) -> None:
    later = UL2 | {"mixture": {"en": 1.0}, "optimizer": {"clip": 0.5}}
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(Amendment(step=10, curriculum=curriculum_manifest(later), reason="more English"))
    journal.append(Rollback(step=14, to=6, reason="spike"))
    curriculum = Curriculum(curriculum_manifest(UL2), SHARDS, Journal(journal.file))
    assert [curriculum.step(k).optimizer.clip for k in (6, 9, 10)] == [1.0, 1.0, 0.5]
    sets = sets_of(curriculum, 6, 10)
    assert sets.count("en") == sets.count("zh") == 16
    assert set(sets_of(curriculum, 10, 25)) == {"en"}


def test_a_newer_amendment_takes_the_place_of_one_that_is_still_to_come() -> None:
    curriculum = amended([UL2], 10, UL2 | {"mixture": {"en": 1.0}})
    curriculum.apply(Rollback(step=14, to=6, reason="spike"))
    curriculum.apply(
        Amendment(step=8, curriculum=curriculum_manifest(UL2 | {"mixture": {"zh": 1.0}}), reason="")
    )
    assert set(sets_of(curriculum, 8, 25)) == {"zh"}
    assert [curriculum.manifest_at(k).stages[0].mixture for k in (7, 8)] == [HALVES, {"zh": 1.0}]


@settings(max_examples=20)
@given(st.integers(26, 37), st.integers(4, 20))
def test_quotas_stay_exact_through_an_amended_blend(step: int, wide: int) -> None:
    """Each count is what the rates of each step make, rounded down; the blend has the steps that it had."""
    wider = BLENDED | {"global_batch": wide, "tokens": 19_200}
    curriculum = amended([UL2, BLENDED], step, UL2, wider)
    quotas, within = curriculum.spans[1].quotas, step - 25
    assert quotas.blend_steps == amended([UL2], 0, UL2, BLENDED).spans[1].quotas.blend_steps
    due = {0: 0.0, 1: 0.0}
    for at in range(curriculum.spans[1].steps - 1):
        share, batch = float(quotas.share(at)), 8 if at < within else wide
        due[0] += 8 * (1 - share) + share * 0.1 * batch * 128 / 64
        due[1] += share * batch * 0.9
        counts = quotas.counts(at + 1)
        for part, expected in due.items():
            assert counts[part] - expected == pytest.approx(-0.5, abs=0.5 + 1e-6)
    read = quotas.counts(quotas.steps)
    assert 19_200 - 64 <= read[0] * 64 + read[1] * 128 < 19_200 + 128


def test_rows_are_found_again_through_amendments_and_rollbacks() -> None:
    curriculum = amended([UL2, BLENDED], 10, UL2 | {"mixture": {"en": 0.2, "code": 0.8}}, BLENDED)
    for event in (
        Rollback(step=14, to=6, reason="spike"),
        Amendment(
            step=30,
            curriculum=curriculum_manifest(
                UL2 | {"mixture": {"en": 0.2, "code": 0.8}}, BLENDED | {"mixture": {"zh": 1.0}}
            ),
            reason="",
        ),
        Rollback(step=33, to=27, reason="spike"),
    ):
        curriculum.apply(event)
    found = walked(curriculum)
    for index, span in enumerate(curriculum.spans):
        for source in span.stream.sources:
            for row in range(0, source.rows, 11):
                expected = found.get((span.stream.stage.name, source.name, row), [])
                assert steps_that_read(curriculum, index, source.name, row) == expected


REFUSED: list[tuple[int, list[dict[str, Any]], str]] = [
    (
        30,
        [UL2 | {"tokens": 12_736}, LENGTH],
        "stage ul2 is over, and tokens cannot become 12736 from 12800: its steps have been made; change it back",
    ),
    (
        10,
        [UL2 | {"name": "first"}, LENGTH],
        "stage ul2 is under way, and name cannot become first from ul2: it selects the stage's samples; change "
        "it back",
    ),
    (10, [UL2 | {"objective": PREFIX}, LENGTH], "stage ul2 is under way, and objective cannot become kind='pre"),
    (10, [UL2 | {"moments": "fresh"}, LENGTH], "moments cannot become fresh from kept: it says how the stage began"),
    (30, [UL2, LENGTH | {"blend": {"tokens": 64}}], "stage length is under way, and blend cannot become"),
    (30, [UL2, LENGTH | {"rehearse": {"ul2": 0.1}}], "stage length is under way, and rehearse cannot become"),
    (30, [UL2], "the stages ul2, length have begun and the new manifest has only ul2; put them back"),
    (
        10,
        [UL2 | {"tokens": 5_119}, LENGTH],
        "stage ul2: tokens is 5,119, and the stage has read 5,120 by now; set it to that or more",
    ),
    (10, [UL2 | {"mixture": {"fr": 1.0}}, LENGTH], "stage ul2: mixture: the shards have no set 'fr'"),
    (
        10,
        [UL2 | {"mixture": {"code": 1.0}, "tokens": 64_000}, LENGTH],
        "stage ul2: set code runs short by 26,880 tokens: the stage reads 920 samples, but 1 epochs of 500",
    ),
    (10, [UL2 | {"micro_batch": 100}, LENGTH], "stage ul2: micro_batch is 100 tokens"),
    (39, [UL2, LENGTH], "an amendment at step 39: the curriculum has 38 steps"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "stages", "message"), REFUSED, ids=[row[2][:40] for row in REFUSED])
def test_what_would_change_the_past_is_refused(step: int, stages: list[dict[str, Any]], message: str) -> None:
    curriculum = Curriculum(curriculum_manifest(UL2, LENGTH), SHARDS)
    before = all_told(curriculum)
    with pytest.raises(ManifestError) as error:
        curriculum.apply(Amendment(step=step, curriculum=curriculum_manifest(*stages), reason=""))
    assert str(error.value).startswith(message) or message in str(error.value)
    assert "\n" not in str(error.value)
    assert all_told(curriculum) == before, "nothing has changed"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seed", 2),
        ("model", {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "heads": 2, "head_size": 8, "d_ff": 32}),
        ("initial", {"weights": "other", "moments": "fresh"}),
        ("lora", {"rank": 4, "alpha": 8}),
        ("train", {"precision": "bf16"}),
    ],
)  # fmt: skip
def test_what_makes_other_weights_is_refused(key: str, value: Any) -> None:
    manifest = curriculum_manifest(UL2)
    other = CurriculumManifest.model_validate(manifest.model_dump(mode="json") | {key: value})
    with pytest.raises(ManifestError, match=rf"{key}.* in the middle of a training: .*; change it back"):
        Curriculum(manifest, SHARDS).amended(other, 10)
    free = CurriculumManifest.model_validate(manifest.model_dump(mode="json") | {"name": "renamed"})
    assert Curriculum(manifest, SHARDS).amended(free, 10).manifest.name == "renamed"


def test_early_ends_before_a_rolled_back_amendment_leave_it_out() -> None:
    curriculum = amended([UL2, BLENDED], 10, UL2 | {"mixture": {"code": 1.0}}, BLENDED)
    curriculum.apply(Rollback(step=14, to=6, reason="spike"))
    curriculum.apply(StageEndedEarly(stage="ul2", step=8, reason="plateau"))
    assert "code" not in sets_of(curriculum, 6, curriculum.total_steps), "nor where the stage is rehearsed"
