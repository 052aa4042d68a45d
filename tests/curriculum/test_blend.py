"""A stage that takes the place of the one before little by little, and earlier stages that are rehearsed."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curriculum.curriculum import Curriculum
from curriculum.journal import Journal
from curriculum.journal_events import Rollback, StageEndedEarly
from manifests.schema.base import ManifestError
from manifests.schema.curriculum import CurriculumManifest
from tests.curriculum.toy import curriculum_manifest, shard_manifest, stage

SHARDS = shard_manifest(
    {"en": 640_000, "zh": 640_010}, {"pairs_en": (60_000, 1000), "pairs_zh": (30_000, 1000)}
)
STREAMS = {"en": 0.5, "zh": 0.5}
UL2 = stage("ul2", STREAMS, 12_800)
PREFIX = {"kind": "prefix", "source": 64, "target": 64}
PAIRS = {"kind": "instruction", "source": 64, "target": 32}
CONSTANT = {"schedule": "constant", "peak": 5e-4}

Drawn = dict[str, list[tuple[str, int, int]]]


def length(**changes: Any) -> dict[str, Any]:
    return stage("length", STREAMS, 25_600, objective=PREFIX, global_batch=6, **changes)


def biflan(**changes: Any) -> dict[str, Any]:
    mixture = {"pairs_en": 0.667, "pairs_zh": 0.333}
    return stage("biflan", mixture, 9_000, objective=PAIRS, global_batch=16, **changes)


def whole(**blend: Any) -> CurriculumManifest:
    """Both switches blend, and the last stage rehearses the first."""
    return curriculum_manifest(
        UL2,
        length(blend={"tokens": "6.4 K", **blend}),
        biflan(blend={"tokens": "3 K", **blend}, rehearse={"ul2": 0.05}),
    )


def drawn(curriculum: Curriculum, k: int) -> Drawn:
    """(set, row, seed) of the step's samples, by stage."""
    return {
        part.stage: [
            (part.sets[index], row, seed)
            for index, row, seed in zip(
                part.samples.set_index.tolist(),
                part.samples.rows.tolist(),
                part.samples.noise.tolist(),
                strict=True,
            )
        ]
        for part in curriculum.step(k).parts
    }


def everything(curriculum: Curriculum) -> list[Drawn]:
    return [drawn(curriculum, k) for k in range(curriculum.total_steps)]


def sizes(steps: list[Drawn], name: str) -> list[int]:
    return [len(step.get(name, [])) for step in steps]


def journal(folder: Path, *events: StageEndedEarly | Rollback) -> Journal:
    result = Journal(folder / "journal.jsonl")
    for event in events:
        result.append(event)
    return result


@pytest.mark.parametrize("shape", ["linear", "cosine"])
def test_each_objective_has_its_quota_at_every_prefix(shape: str) -> None:
    """From 8 sequences of 64 tokens to 6 of 128: 6,400 tokens are 10 steps."""
    curriculum = Curriculum(whole(shape=shape), SHARDS)
    steps, span = everything(curriculum)[25:], curriculum.spans[1]
    assert span.quotas.blend_steps == 10
    middles = (np.arange(10) + 0.5) / 10
    shares = middles if shape == "linear" else (1 - np.cos(np.pi * middles)) / 2
    assert [float(span.quotas.share(step)) for step in range(10)] == pytest.approx(shares, abs=1e-9)
    for end in range(11):
        arrived = shares[:end].sum()
        for name, expected in (("ul2", 8 * (end - arrived)), ("length", 6 * arrived)):
            assert sum(sizes(steps[:end], name)) - expected == pytest.approx(-0.5, abs=0.5 + 1e-6)
    assert set(sizes(steps[10 : span.steps - 1], "length")) == {6}
    assert sizes(steps[: span.steps], "biflan") == [0] * span.steps


def test_the_tokens_of_a_stage_are_those_of_all_that_it_reads() -> None:
    curriculum = Curriculum(whole(), SHARDS)
    for span, budget in zip(curriculum.spans, (12_800, 25_600, 9_000), strict=True):
        read = span.read(span.steps)
        tokens = sum(count * curriculum.spans[stage].stream.sample_tokens for stage, count in read.items())
        assert budget - 3 * 128 <= tokens < budget + 128
    assert [span.steps for span in curriculum.spans] == [25, math.ceil(10 + (25_600 - 6_400) / 768), 13]


def test_what_is_rehearsed_has_its_share_of_the_tokens_to_the_end() -> None:
    manifest = curriculum_manifest(UL2, biflan(rehearse={"ul2": 0.25}))
    curriculum = Curriculum(manifest, SHARDS)
    (_, span), steps = curriculum.spans, everything(curriculum)[25:]
    tokens = 16 * span.stream.sample_tokens
    assert span.steps == math.ceil(9_000 / tokens), "as many as without"
    for end in range(span.steps):
        assert sum(sizes(steps[:end], "ul2")) == math.floor(Fraction(end * tokens, 4 * 64))
        assert sum(sizes(steps[:end], "biflan")) == end * 12


def test_samples_go_on_where_their_stage_stopped() -> None:
    """In the blend and when they are rehearsed later; none comes twice in an epoch."""
    steps = everything(Curriculum(whole(), SHARDS))
    for name in ("ul2", "length"):
        found = [one for step in steps for one in step.get(name, [])]
        endless = Curriculum(
            curriculum_manifest(
                stage(name, STREAMS, "200 K", **({} if name == "ul2" else {"objective": PREFIX}))
            ),
            SHARDS,
        )
        plain = [one for step in everything(endless) for one in step[name]]
        assert found == plain[: len(found)]
        rows = [(of, row) for of, row, _ in found]
        assert len(set(rows)) == len(rows)


def test_without_blend_and_rehearsal_nothing_changes() -> None:
    plain = everything(Curriculum(curriculum_manifest(UL2, length(), biflan()), SHARDS))
    assert all(len(step) == 1 for step in plain)
    assert plain[:25] == everything(Curriculum(whole(), SHARDS))[:25]


def test_rates_and_betas_go_over_with_the_samples() -> None:
    slow = {"betas": [0.9, 0.999], "weight_decay": 0.0}
    for rates in ("interpolated", "switched"):
        blend = {"tokens": "6.4 K", "rates": rates}
        manifest = curriculum_manifest(UL2, length(blend=blend, optimizer=slow, learning_rate=CONSTANT))
        curriculum = Curriculum(manifest, SHARDS)
        last = curriculum.step(24)
        for within in range(12):
            plan = curriculum.step(25 + within)
            share = min(1.0, (within + 0.5) / 10) if rates == "interpolated" else 1.0
            assert plan.learning_rate == pytest.approx((1 - share) * last.learning_rate + share * 5e-4)
            assert plan.optimizer.betas == pytest.approx((0.9, 0.95 + share * 0.049))
            assert plan.optimizer.weight_decay == pytest.approx(0.1 * (1 - share))
            assert plan.share == pytest.approx(min(1.0, (within + 0.5) / 10))


def test_a_rollback_within_a_blend_skips_what_was_read(tmp_path: Path) -> None:
    manifest = whole()
    plain = everything(Curriculum(manifest, SHARDS))
    event = Rollback(step=33, to=29, reason="spike")
    after = everything(Curriculum(manifest, SHARDS, journal(tmp_path, event)))
    assert after[:29] == plain[:29]
    for name in ("ul2", "length"):
        assert sizes(after[25:], name)[:20] == sizes(plain[25:], name)[:20], "quotas stay"
        lost = [one for step in plain[29:33] for one in step.get(name, [])]
        following = [one for step in plain[33:] for one in step.get(name, [])]
        now = [one for step in after[29:] for one in step.get(name, [])]
        count = min(len(now), len(following))
        assert now[:count] == following[:count]
        assert not set(lost) & set(now)


def test_a_stage_that_ends_within_its_blend_leaves_its_samples_to_the_next(tmp_path: Path) -> None:
    manifest = whole()
    plain = everything(Curriculum(manifest, SHARDS))
    events = journal(tmp_path, StageEndedEarly(stage="length", step=30, reason="plateau"))
    curriculum = Curriculum(manifest, SHARDS, events)
    assert everything(curriculum)[:30] == plain[:30]
    assert curriculum.spans[2].first == 30
    read = [one for step in everything(curriculum) for one in step.get("ul2", [])]
    assert len(set(read)) == len(read)


@given(
    first=st.integers(2, 40),
    second=st.integers(4, 40),
    tokens=st.integers(1, 25_600),
    shape=st.sampled_from(["linear", "cosine"]),
    rehearsed=st.sampled_from([0.0, 0.01, 0.05, 0.4]),
)
def test_counts_never_fall_and_no_step_is_empty(
    first: int, second: int, tokens: int, shape: str, rehearsed: float
) -> None:
    rehearse = {"rehearse": {"ul2": rehearsed}} if rehearsed else {}
    later = length(blend={"tokens": tokens, "shape": shape}, **rehearse) | {"global_batch": second}
    curriculum = Curriculum(curriculum_manifest(UL2 | {"global_batch": first}, later), SHARDS)
    span = curriculum.spans[1]
    counts = [span.quotas.counts(step) for step in range(span.steps + 1)]
    assert counts[0] == {0: 0, 1: 0}
    for before, after in pairwise(counts):
        assert all(after[part] >= before[part] for part in after)
        assert sum(after.values()) > sum(before.values())
    assert all(0 < curriculum.step(k).whole <= 1 for k in range(curriculum.total_steps))


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (
            (UL2 | {"blend": {"tokens": 64}},),
            "stage 'ul2' is the first: there is none before it to blend from; remove blend",
        ),
        (
            (UL2, length(rehearse={"biflan": 0.1}), biflan()),
            "stage 'length' rehearses 'biflan', which is none of the stages before it (ul2); remove it",
        ),
        (
            (UL2 | {"rehearse": {"ul2": 0.1}},),
            "stage 'ul2' rehearses 'ul2', which is none of the stages before it (there are none); remove it",
        ),
        (
            (UL2, length(blend={"tokens": "30 K"})),
            "the blend has 30,000 tokens, and the whole stage 25,600; lower blend.tokens",
        ),
        (
            (UL2, length(), biflan(rehearse={"ul2": 0.5, "length": 0.5})),
            "the shares of rehearse add up to 1, and leave the stage nothing; lower them",
        ),
    ],
)
def test_blends_that_mean_nothing_are_refused(stages: tuple[dict[str, Any], ...], message: str) -> None:
    with pytest.raises(ValueError, match="error") as error:
        curriculum_manifest(*stages)
    assert message in str(error.value)


def test_what_the_shards_or_the_batch_have_no_room_for_is_named() -> None:
    with pytest.raises(ManifestError) as error:
        Curriculum(curriculum_manifest(UL2, length(blend={"tokens": 64}) | {"global_batch": 1}), SHARDS)
    assert str(error.value) == (
        "stage length: 2 stages share a step of 1 samples, and some steps would have none; raise global_batch"
    )
    with pytest.raises(ManifestError, match=r"stage biflan: micro_batch is 100 tokens, .* set it to 134"):
        Curriculum(curriculum_manifest(UL2, biflan(rehearse={"ul2": 0.1}) | {"micro_batch": 100}), SHARDS)
    small = shard_manifest(
        {"en": 6_400, "zh": 6_400}, {"pairs_en": (60_000, 1000), "pairs_zh": (30_000, 1000)}
    )
    Curriculum(curriculum_manifest(UL2, biflan()), small)
    with pytest.raises(
        ManifestError, match=r"stage ul2: set en runs short by 448 tokens: .* max_epochs: {en: 1.07}"
    ):
        Curriculum(curriculum_manifest(UL2, biflan(rehearse={"ul2": 0.1})), small)
