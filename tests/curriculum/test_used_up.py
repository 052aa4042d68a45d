"""Sets that may be read so often and no more: the stage is refused, ends, reads on, or goes on without them."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curriculum.curriculum import Curriculum
from curriculum.journal_events import Rollback
from curriculum.lr_schedule import learning_rate
from manifests.schema.base import ManifestError
from tests.curriculum.test_amendment import BLENDED, UL2
from tests.curriculum.toy import curriculum_manifest, shard_manifest, stage

SHARDS = shard_manifest({"en": 64_000, "zh": 6_410, "code": 12_800}, {"pairs": (60_000, 600)})
THIRDS = {"en": 0.5, "zh": 0.25, "code": 0.25}
LONG = stage("long", THIRDS, 51_200)
"""800 samples, of which zh (100 rows) is used up after 400 and code (200 rows) would be after 800."""


def made(*stages: dict[str, Any]) -> Curriculum:
    return Curriculum(curriculum_manifest(*stages), SHARDS)


def rows_read(curriculum: Curriculum, stage: str = "long") -> Counter[tuple[str, int]]:
    return Counter(
        (part.sets[index], row)
        for k in range(curriculum.total_steps)
        for part in curriculum.step(k).parts
        if part.stage == stage
        for index, row in zip(part.samples.set_index.tolist(), part.samples.rows.tolist(), strict=True)
    )


def by_set(rows: Counter[tuple[str, int]]) -> dict[str, int]:
    found = Counter[str]()
    for (name, _), count in rows.items():
        found[name] += count
    return dict(sorted(found.items()))


def test_by_default_it_is_refused() -> None:
    with pytest.raises(ManifestError) as error:
        made(LONG)
    assert str(error.value) == (
        "stage long: set zh runs short by 6,400 tokens: the stage reads 200 samples, but 1 epochs of 100 allow "
        "100; lower tokens or the set's share, make more shards, or set max_epochs: {zh: 2}"
    )
    with pytest.raises(ManifestError, match=r"but max_tokens allows 50; .* or set max_tokens: {zh: 12800}"):
        made(LONG | {"max_tokens": {"zh": 3_263}, "max_epochs": {"zh": 2}})


def test_the_stage_ends_at_the_sample_after_which_a_set_would_run_short() -> None:
    curriculum = made(LONG | {"used_up": "stop"}, UL2 | {"mixture": {"en": 1.0}})
    rows = rows_read(curriculum)
    assert by_set(rows)["zh"] == 100
    assert set(rows.values()) == {1}
    total = sum(rows.values())
    assert curriculum.spans[0].stream.most == total
    assert curriculum.spans[0].stream.mixture.counts(total + 1)[2] == 101, "the next would be the 101st of zh"
    assert curriculum.spans[0].steps == -(-total // 8)
    assert curriculum.spans[1].first == curriculum.spans[0].end
    assert curriculum.step(curriculum.spans[0].end - 1).learning_rate == pytest.approx(1e-4), (
        "it ends as planned"
    )


def test_a_rollback_uses_up_sooner() -> None:
    """What was lost is not read again, so that less is left: the stage has fewer steps."""
    curriculum = made(LONG | {"used_up": "stop"}, UL2 | {"mixture": {"en": 1.0}})
    before, most = curriculum.spans[0].steps, curriculum.spans[0].stream.most
    assert most is not None
    rates = [curriculum.step(k).learning_rate for k in range(15)]
    curriculum.apply(Rollback(step=20, to=15, reason="spike"))
    assert curriculum.spans[0].steps == before - 5
    assert [curriculum.step(k).learning_rate for k in range(15)] == rates
    assert curriculum.step(before - 6).learning_rate == pytest.approx(1e-4), "it ends as planned, only sooner"
    assert curriculum.spans[1].first == before - 5
    assert sum(rows_read(curriculum).values()) == most - 40
    curriculum.apply(Rollback(step=before - 5, to=before - 12, reason="spike"))
    assert curriculum.spans[0].steps == before - 12, "nothing is left"
    assert curriculum.stage_of(before - 12) == 1


def test_the_last_of_several_rollbacks_says_how_long_the_learning_rate_is() -> None:
    curriculum = made(LONG | {"used_up": "stop"}, UL2 | {"mixture": {"en": 1.0}})
    rates = [curriculum.step(k).learning_rate for k in range(10)]
    for step, to in ((20, 18), (24, 22), (28, 10)):
        curriculum.apply(Rollback(step=step, to=to, reason="spike"))
    steps = curriculum.spans[0].steps
    assert [era.start for era in curriculum.spans[0].eras] == [0, 10]
    assert [curriculum.step(k).learning_rate for k in range(10)] == rates
    settings = curriculum.stage_at(0).learning_rate
    assert [curriculum.step(k).learning_rate for k in range(10, steps)] == [
        learning_rate(settings, k, steps) for k in range(10, steps)
    ]


def test_it_is_read_on_epoch_after_epoch() -> None:
    rows = rows_read(made(LONG | {"used_up": "repeat", "tokens": 102_400}))
    assert by_set(rows) == {"code": 400, "en": 800, "zh": 400}
    assert {rows["zh", row] for row in range(100)} == {4}


def test_its_share_goes_to_the_others() -> None:
    """After 400 samples zh has none left, and en and code share as 2 to 1; after 300 more, code has none."""
    curriculum = made(LONG | {"used_up": "others"})
    rows = rows_read(curriculum)
    assert by_set(rows) == {"code": 200, "en": 500, "zh": 100}
    assert set(rows.values()) == {1}
    segments = curriculum.spans[0].stream.mixture.segments
    assert [segment.sets for segment in segments] == [("code", "en", "zh"), ("code", "en"), ("en",)]
    for segment, end in zip(segments, [*(one.first for one in segments[1:]), 800], strict=True):
        for samples in range(segment.first, end):
            counts = segment.counts(samples)
            whole = sum(THIRDS[name] for name in segment.sets)
            for name in segment.sets:
                due = (samples - segment.first) * THIRDS[name] / whole
                assert abs(counts[name] - segment.before.get(name, 0) - due) <= 1


def test_nothing_is_left_at_last() -> None:
    with pytest.raises(ManifestError) as error:
        made(LONG | {"used_up": "others", "tokens": "90 K"})
    assert str(error.value) == (
        "stage long: its sets are used up after 1,300 samples, and 1,407 are to be read; lower tokens (or what a "
        "later stage rehearses), raise max_epochs or max_tokens, or set used_up: repeat"
    )
    with pytest.raises(ManifestError, match="leave nothing to read; raise them"):
        made(LONG | {"used_up": "others", "max_tokens": dict.fromkeys(THIRDS, 63)})
    with pytest.raises(ManifestError, match="its sets are used up after"):
        made(LONG | {"used_up": "stop"}, BLENDED | {"rehearse": {"long": 0.1}, "blend": None})


def test_a_cap_in_tokens_counts_pairs_as_long_as_they_are() -> None:
    pairs = stage(
        "pairs", {"pairs": 1.0}, 20_000, objective={"kind": "instruction", "source": 120, "target": 32}
    )
    assert made(pairs).spans[0].read(25)[0] == 200
    capped = made(pairs | {"max_tokens": {"pairs": "15 K"}, "used_up": "stop"})
    assert capped.spans[0].read(capped.spans[0].steps)[0] == 150


@settings(max_examples=20)
@given(
    st.dictionaries(st.sampled_from(["en", "zh", "code"]), st.integers(1, 9), min_size=1),
    st.dictionaries(st.sampled_from(["en", "zh", "code"]), st.integers(640, 6_400)),
    st.sampled_from(["stop", "others"]),
    st.integers(2, 12),
)
def test_no_cap_is_ever_passed(
    weights: dict[str, int], caps: dict[str, int], used_up: str, batch: int
) -> None:
    mixture = {name: weight / sum(weights.values()) for name, weight in weights.items()}
    caps = {name: cap for name, cap in caps.items() if name in mixture}
    whole = sum(min(caps.get(name, 10**9), SHARDS.sets[name].tokens) // 64 for name in mixture)
    short = used_up == "others" and whole < 600
    long = stage("long", mixture, 38_400, global_batch=batch, max_tokens=caps, used_up=used_up)
    with pytest.raises(ManifestError, match="its sets are used up") if short else nullcontext():
        curriculum = made(long)
    if short:
        return
    rows = rows_read(curriculum)
    assert not rows or max(rows.values()) == 1
    for name, count in by_set(rows).items():
        assert count <= min(caps.get(name, 10**9), SHARDS.sets[name].tokens) // 64
    if used_up == "others":
        assert sum(rows.values()) == 600
