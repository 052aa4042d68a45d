"""A plan counts what the curriculum does."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curriculum.curriculum import Curriculum
from curriculum.flops import example_flops, recomputed_flops
from curriculum.pair_lengths import PairLengths
from curriculum.plan.assumed_pairs import assumed_pairs
from curriculum.plan.parameters import parameters
from curriculum.plan.plan import plan
from curriculum.plan.planned_shards import PlannedShards, of_curriculum
from curriculum.plan.traffic import network_bytes
from manifests.schema.cluster import Cluster
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.train_settings import TrainSettings
from tests.curriculum.plan.sound import planned, sound
from tests.curriculum.toy import curriculum_manifest, shard_manifest, stage

PAIRS = np.array([[5, 9, 30, 12], [4, 2, 8, 6]])
PREFIX = {"kind": "prefix", "source": 20, "target": 12}
INSTRUCTION = {"kind": "instruction", "source": 24, "target": 16}


def toy(*stages: dict[str, Any]) -> tuple[CurriculumManifest, PlannedShards]:
    rows = 4000
    counts = PairLengths.of([(PAIRS[0], PAIRS[1])])
    counted = PairLengths(counts.prompts * (rows // 4), counts.targets * (rows // 4))
    tokens = int(PAIRS.sum()) * rows // 4
    shards = shard_manifest({"en": 60_000, "zh": 50_000}, {"biflan_en": (tokens, rows)})
    pairs = {"biflan_en": PAIRS}
    return curriculum_manifest(*stages), PlannedShards(shards, "toy", pairs, {"biflan_en": counted})


def three() -> tuple[CurriculumManifest, PlannedShards]:
    return toy(
        stage("one", {"en": 0.7, "zh": 0.3}, 9000, objective=PREFIX),
        stage("two", {"biflan_en": 1.0}, 6000, objective=INSTRUCTION, blend={"tokens": 2000}),
        stage("three", {"zh": 1.0}, 5000, objective=PREFIX, rehearse={"two": 0.25, "one": 0.25}),
    )


def drawn(manifest: CurriculumManifest, shards: PlannedShards) -> list[Counter[str]]:
    """Samples by set of each stage, step by step."""
    curriculum = Curriculum(manifest, shards.manifest, None, pairs=shards.counted)
    found = []
    for span in curriculum.spans:
        counts: Counter[str] = Counter()
        for step in range(span.first, span.end):
            for part in curriculum.step(step).parts:
                counts.update(part.sets[index] for index in part.samples.set_index.tolist())
        found.append(counts)
    return found


def test_samples_of_blends_and_rehearsals_are_counted_as_the_steps_draw_them() -> None:
    manifest, shards = three()
    made = plan(manifest, shards, Cluster(gpus=2))
    told = [{one.name: one.samples for one in each.sets if one.samples} for each in made.stages]
    assert told == [dict(counts) for counts in drawn(manifest, shards)]
    read = Counter[str]()
    for each in made.stages:
        read.update({one.name: one.tokens for one in each.sets})
    assert {one.set: one.read for one in made.sources} == dict(read)
    assert sum(read.values()) == pytest.approx(20_000, rel=0.02)


def test_operations_are_those_of_all_examples() -> None:
    """Chunks are alike; pairs come as often as each other."""
    manifest, shards = toy(
        stage("one", {"en": 1.0}, 9600, objective=PREFIX), stage("two", {"biflan_en": 1.0}, 7400, objective=INSTRUCTION)
    )  # fmt: skip
    chunks, pairs = plan(manifest, shards, Cluster(gpus=1)).stages
    assert chunks.flops == 300 * int(example_flops(manifest.model, 512, [23], [13])[0])
    lengths = [8, 12, 24, 15], [6, 4, 10, 8]  # 30 tokens of a prompt are cut to the room for 21
    assert (chunks.source, chunks.target) == (23, 13)
    assert (pairs.source, pairs.target) == pytest.approx((14.75, 7))
    (samples,) = (one.samples for one in pairs.sets)
    assert pairs.flops == round(samples / 4 * sum(example_flops(manifest.model, 512, *lengths).tolist()))
    again = manifest.model_copy(update={"train": TrainSettings(recompute=True)})
    assert chunks.recomputed == 0
    assert plan(again, shards, Cluster(gpus=1)).stages[0].recomputed == 300 * int(
        recomputed_flops(manifest.model, [23], [13])[0]
    )


def test_rates_and_mixture_are_those_of_the_steps() -> None:
    manifest, shards = three()
    made, curriculum = plan(manifest, shards, Cluster(gpus=1)), Curriculum(manifest, shards.manifest, None, pairs=shards.counted)  # fmt: skip
    assert made.steps == curriculum.total_steps
    assert all(rate == curriculum.step(step).learning_rate for step, rate in made.rates)
    assert {0, made.steps - 1} <= {step for step, _ in made.rates}
    assert all(sum(shares.values()) == pytest.approx(1) for _, shares in made.mixture)
    assert [tokens for tokens, _ in made.mixture] == sorted(tokens for tokens, _ in made.mixture)


def test_without_corpus_or_run_each_set_is_read_about_once() -> None:
    manifest, _ = three()
    made = plan(manifest, of_curriculum(manifest, 400, (20, 5)), Cluster(gpus=1))
    assert made.shards.startswith("assumed")
    assert all(0.2 < one.epochs <= 1.3 for one in made.sources)


def test_the_layouts_come_cheapest_first_and_those_that_fit_are_told() -> None:
    made = planned(sound())
    assert [one.days for one in made.layouts] == sorted(one.days for one in made.layouts)
    assert made.cheapest is not None
    assert made.cheapest.name == made.layout.name == "ZeRO 2, recompute"
    assert made.layouts[0].name == "ZeRO 2, activations kept"
    assert not made.layouts[0].fits
    assert {one.zero for one in made.layouts} == {2, 3}
    assert made.layout.memory.gpu <= 0.9 * 80e9 < made.layouts[0].memory.gpu


def test_more_gpus_take_less_time_and_cost_no_less() -> None:
    made = planned(sound())
    assert [one.gpus for one in made.ranks] == [8, 16, 32, 64, 128, 256]
    assert all(later.days < before.days for before, later in zip(made.ranks, made.ranks[1:], strict=False))
    (own,) = (one for one in made.ranks if one.gpus == 64)
    assert (own.days, own.cost) == pytest.approx((made.layout.days, made.layout.cost))
    assert made.layout.cost == pytest.approx(made.layout.days * 24 * 64 * 2.5)
    assert made.shortest_days < made.layout.days


def test_a_process_sends_what_its_zero_stage_asks_for() -> None:
    """Of P weights: the sums of gradients twice; a part of them and the weights; a part after each pass; all
    weights for each forward and backward pass."""
    shapes = parameters(three()[0].model, 512)
    sent = [
        network_bytes(shapes, TrainSettings.model_validate({"zero": zero}), 4, 3) / (0.75 * 4 * shapes.count)
        for zero in range(4)
    ]
    assert sent == pytest.approx([2, 2, 4, 9])
    assert network_bytes(shapes, TrainSettings(zero=3), 1, 3) == 0


@given(st.integers(2, 2000), st.integers(2, 500))
def test_assumed_pairs_have_room_and_about_their_means(prompt: int, target: int) -> None:
    pairs = assumed_pairs((prompt, target), (10 * prompt, 10 * target))
    assert pairs.min() >= 1
    assert (pairs.max(axis=1) <= [10 * prompt, 10 * target]).all()
    assert pairs.mean(axis=1) == pytest.approx([prompt + 0.5, target + 0.5], rel=0.02, abs=0.6)


def test_mixtures_that_change_are_counted_and_shown_as_the_steps_draw_them() -> None:
    points = [
        {"tokens": 0, "shares": {"en": 1.0, "zh": 0.0}},
        {"tokens": 9000, "shares": {"en": 0.0, "zh": 1.0}},
    ]
    manifest, shards = toy(stage("one", points, 9600, objective=PREFIX))  # type: ignore[arg-type]
    made = plan(manifest, shards, Cluster(gpus=1))
    told = {one.name: one.samples for one in made.stages[0].sets}
    assert told == dict(drawn(manifest, shards)[0])
    english = [shares.get("en", 0.0) for _, shares in made.mixture]
    assert english[0] > 0.9
    assert english[-1] < 0.1


@given(st.integers(1, 3000), st.integers(1, 400), st.integers(1, 20_000))
def test_pairs_that_are_planned_are_as_many_as_their_set_has(
    prompt: int, target: int, thousands: int
) -> None:
    """And hold about as many tokens."""
    data = stage(
        "one", {"biflan_en": 1.0}, thousands * 1000, objective=INSTRUCTION | {"source": 1024, "target": 256}
    )
    shards = of_curriculum(curriculum_manifest(data), 400, (prompt, target))
    (counted,), (tokens,) = shards.counted.values(), shards.manifest.sets.values()
    assert counted.prompts.sum() == counted.targets.sum() == tokens.rows
    held = sum(int(side @ np.arange(len(side))) for side in (counted.prompts, counted.targets))
    assert held == pytest.approx(tokens.tokens, rel=0.02, abs=1300)
