from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curriculum.curriculum import Curriculum
from curriculum.journal import Journal
from curriculum.journal_events import Rollback, StageEndedEarly
from curriculum.step_plan import StepPlan
from manifests.schema.base import ManifestError, load
from manifests.schema.curriculum import CurriculumManifest
from tests.curriculum.toy import curriculum_manifest, shard_manifest, stage

SHARDS = shard_manifest(
    {"en": 64_000, "zh": 64_010}, {"pairs_en": (60_000, 1000), "pairs_zh": (30_000, 1000)}
)
STREAMS = {"en": 0.5, "zh": 0.5}
UL2 = stage("ul2", STREAMS, 12_800)
LENGTH = stage("length", STREAMS, 12_800, objective={"kind": "prefix", "source": 64, "target": 64})
BIFLAN = stage(
    "biflan",
    {"pairs_en": 0.667, "pairs_zh": 0.333},
    9_000,
    objective={"kind": "instruction", "source": 64, "target": 32},
)


def samples(plan: StepPlan) -> list[tuple[str, int, int]]:
    """(set, row, seed) of every sample of a step, in order."""
    (part,) = plan.parts
    drawn = part.samples
    columns = drawn.set_index.tolist(), drawn.rows.tolist(), drawn.noise.tolist()
    return [(part.sets[index], row, seed) for index, row, seed in zip(*columns, strict=True)]


def everything(curriculum: Curriculum) -> list[list[tuple[str, int, int]]]:
    return [samples(curriculum.step(k)) for k in range(curriculum.total_steps)]


def journal(folder: Path, *events: StageEndedEarly | Rollback) -> Journal:
    result = Journal(folder / "journal.jsonl")
    for event in events:
        result.append(event)
    return result


def test_stages_end_when_their_tokens_are_read() -> None:
    curriculum = Curriculum(curriculum_manifest(UL2, LENGTH, BIFLAN), SHARDS)
    assert [
        (span.first, span.read(span.steps)[index], span.steps) for index, span in enumerate(curriculum.spans)
    ] == [
        (0, 200, 25),
        (25, 100, 13),
        (38, 200, 25),
    ]
    assert [len(samples(curriculum.step(k))) for k in (24, 25, 37, 38)] == [8, 8, 4, 8]
    assert [curriculum.stage_of(k) for k in (0, 24, 25, 37, 38, 62)] == [0, 0, 1, 1, 2, 2]
    with pytest.raises(IndexError, match="step 63 is not one of the curriculum's 63 steps"):
        curriculum.step(63)


def test_shares_are_shares_of_tokens() -> None:
    """Pairs of pairs_en are twice as long, so two thirds of the tokens are half of the samples."""
    curriculum = Curriculum(curriculum_manifest(BIFLAN), SHARDS)
    sets = [name for step in everything(curriculum) for name, _, _ in step]
    assert (sets.count("pairs_en"), sets.count("pairs_zh")) == (100, 100)


def test_an_epoch_reads_every_row_once() -> None:
    both = stage("ul2", STREAMS, 128_000)
    rows = [
        (name, row)
        for step in everything(Curriculum(curriculum_manifest(both), SHARDS))
        for name, row, _ in step
    ]
    assert sorted(rows) == [(name, row) for name in ("en", "zh") for row in range(1000)]


def test_epochs_differ_in_order_but_not_in_rows() -> None:
    twice = stage("ul2", {"en": 1.0}, 128_000, max_epochs={"en": 2})
    rows = [row for step in everything(Curriculum(curriculum_manifest(twice), SHARDS)) for _, row, _ in step]
    assert sorted(rows[:1000]) == sorted(rows[1000:]) == list(range(1000))
    assert rows[:1000] != rows[1000:]


def test_seeds_never_repeat() -> None:
    seen = [
        seed
        for step in everything(Curriculum(curriculum_manifest(UL2, LENGTH), SHARDS))
        for _, _, seed in step
    ]
    assert len(set(seen)) == len(seen) == 300


def test_denoisers_are_drawn_uniformly() -> None:
    curriculum = Curriculum(
        curriculum_manifest(stage("ul2", STREAMS, "700 K", max_epochs={"en": 6, "zh": 6})), SHARDS
    )
    plans = [curriculum.step(k) for k in range(curriculum.total_steps)]
    counts = np.bincount(np.concatenate([plan.parts[0].samples.denoisers for plan in plans]), minlength=7)
    assert counts.sum() == 10_938
    assert counts.min() > 0.93 * 10_938 / 7
    assert counts.max() < 1.07 * 10_938 / 7


@given(st.integers(0, 62))
def test_a_step_is_a_pure_function(k: int) -> None:
    manifest = curriculum_manifest(UL2, LENGTH, BIFLAN)
    assert samples(Curriculum(manifest, SHARDS).step(k)) == samples(Curriculum(manifest, SHARDS).step(k))


def test_step_one_billion_of_the_real_recipe() -> None:
    """30 T tokens of each language: no table of rows is ever built."""
    shards = shard_manifest({"en": 10**16, "zh": 10**16})
    curriculum = Curriculum(curriculum_manifest(stage("ul2", STREAMS, "6000 T", global_batch=4096)), shards)
    assert curriculum.total_steps > 10**9
    plan = curriculum.step(10**9)
    assert len(plan.parts[0].samples) == 4096
    assert len({row for _, row, _ in samples(plan)}) == 4096


def test_stages_are_moved_by_the_manifest_alone() -> None:
    """A stage reads the same samples wherever it stands."""
    forward = everything(Curriculum(curriculum_manifest(UL2, LENGTH, BIFLAN), SHARDS))
    assert everything(Curriculum(curriculum_manifest(UL2, BIFLAN), SHARDS)) == forward[:25] + forward[38:]
    assert (
        everything(Curriculum(curriculum_manifest(BIFLAN, UL2, LENGTH), SHARDS))
        == forward[38:] + forward[:38]
    )


def test_the_order_of_the_keys_does_not_matter() -> None:
    turned = stage("ul2", dict(reversed(STREAMS.items())), 12_800)
    assert everything(Curriculum(curriculum_manifest(turned), SHARDS)) == everything(
        Curriculum(curriculum_manifest(UL2), SHARDS)
    )


def test_another_seed_is_another_order() -> None:
    one, two = (samples(Curriculum(curriculum_manifest(UL2, seed=seed), SHARDS).step(0)) for seed in (1, 2))
    assert one != two


def test_a_set_that_runs_short_is_named() -> None:
    manifest = curriculum_manifest(stage("ul2", {"en": 0.75, "zh": 0.25}, "128 K"))
    with pytest.raises(ManifestError) as error:
        Curriculum(manifest, SHARDS)
    assert str(error.value) == (
        "stage ul2: set en runs short by 32,000 tokens: the stage reads 1,500 samples, but 1 epochs of "
        "1,000 allow 1,000; "
        "lower tokens or the set's share, make more shards, or set max_epochs: {en: 1.5}"
    )


@pytest.mark.parametrize("share", [0.00015, 0.00001])
def test_a_small_share_of_the_tokens_is_read(share: float) -> None:
    curriculum = Curriculum(curriculum_manifest(stage("a", {"en": share, "zh": 1 - share}, 64)), SHARDS)
    en, zh = curriculum.spans[0].stream.mixture.counts(10**8)
    assert en == pytest.approx(share * 10**8, abs=1)
    assert en + zh == 10**8


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            stage("a", {"fr": 1.0}, 64),
            "stage a: mixture: the shards have no set 'fr'; they have: en, pairs_en, pairs_zh, zh",
        ),
        (
            stage("a", {"pairs_en": 1.0}, 64),
            "stage a: objective ul2 reads sets of kind stream, but pairs_en is of kind pairs",
        ),
    ],
)
def test_a_mixture_that_the_shards_cannot_serve(changed: dict, message: str) -> None:
    with pytest.raises(ManifestError) as error:
        Curriculum(curriculum_manifest(changed), SHARDS)
    assert str(error.value) == message


def test_a_stage_that_ended_early_moves_the_next_one(tmp_path: Path) -> None:
    manifest = curriculum_manifest(UL2, LENGTH, BIFLAN)
    plain = everything(Curriculum(manifest, SHARDS))
    events = journal(tmp_path, StageEndedEarly(stage="ul2", step=10, reason="plateau"))
    for replayed in (events, Journal(events.file)):
        assert everything(Curriculum(manifest, SHARDS, replayed)) == plain[:10] + plain[25:]


def test_a_rollback_reads_on_behind_the_spike(tmp_path: Path) -> None:
    manifest = curriculum_manifest(UL2, LENGTH)
    plain = everything(Curriculum(manifest, SHARDS))
    once = journal(tmp_path, Rollback(step=12, to=10, reason="spike"))
    after = Curriculum(manifest, SHARDS, once)
    assert everything(after)[:23] == plain[:10] + plain[12:25]
    assert everything(after)[25:] == plain[25:]
    once.append(Rollback(step=11, to=8, reason="again"))
    assert everything(Curriculum(manifest, SHARDS, once))[:9] == [*plain[:8], plain[13]]


def test_events_that_do_not_fit_the_manifest(tmp_path: Path) -> None:
    manifest = curriculum_manifest(UL2, LENGTH)
    with pytest.raises(ValueError, match="the journal ends stage 'ul2' at step 26"):
        Curriculum(
            manifest, SHARDS, journal(tmp_path / "a", StageEndedEarly(stage="ul2", step=26, reason=""))
        )
    with pytest.raises(ValueError, match="rolls back from step 26 to 20, which is in another stage"):
        Curriculum(manifest, SHARDS, journal(tmp_path / "b", Rollback(step=26, to=20, reason="")))


def test_presets_plan_the_budgets_of_the_recipe() -> None:
    manifests = Path(__file__).parents[2] / "manifests" / "presets"
    big = load(manifests / "openba-15b" / "curriculum.yaml", CurriculumManifest)
    shards = shard_manifest(
        {"en": 190 * 10**9, "zh": 190 * 10**9, "code": 20 * 10**9},
        {"biflan_en": (27 * 10**9, 10**8), "biflan_zh": (14 * 10**9, 10**8)},
    )
    assert [span.steps for span in Curriculum(big, shards).spans] == [128_948, 19_074, 189_412]
    small = load(manifests / "demo" / "curriculum.yaml", CurriculumManifest)
    assert [stage.tokens * 100_000 for stage in small.stages] == [stage.tokens for stage in big.stages]
    assert (small.model.encoder_layers, small.model.decoder_layers) == (2, 6)


def test_a_stage_continues_at_the_rate_where_the_one_before_really_ended(tmp_path: Path) -> None:
    rate = {"schedule": "linear", "peak": "previous", "minimum": 1e-4}
    manifest = curriculum_manifest(UL2, LENGTH | {"learning_rate": rate})
    early = journal(tmp_path, StageEndedEarly(stage="ul2", step=10, reason="plateau"))
    for whole, last in ((Curriculum(manifest, SHARDS), 24), (Curriculum(manifest, SHARDS, early), 9)):
        before, after = whole.step(last).learning_rate, whole.step(last + 1).learning_rate
        assert after == pytest.approx(before - (before - 1e-4) / 13)
    with pytest.raises(ManifestError, match=r"stage length: learning_rate.minimum \(0.9\) is above the rate"):
        Curriculum(curriculum_manifest(UL2, LENGTH | {"learning_rate": rate | {"minimum": 0.9}}), SHARDS)


def test_a_micro_batch_without_room_for_an_example_is_refused() -> None:
    few = stage("ul2", STREAMS, 12_800, micro_batch=133)
    with pytest.raises(
        ManifestError, match=r"stage ul2: micro_batch is 133 tokens, .* set it to 134 or more"
    ):
        Curriculum(curriculum_manifest(few), SHARDS)
