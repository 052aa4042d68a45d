"""Mixtures that change with the tokens read, and mixtures by temperature."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from curriculum.curriculum import Curriculum
from curriculum.journal_events import Amendment, Rollback
from curriculum.share_points import first_shares, share_points
from manifests.schema.base import ManifestError, load
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.mixture import TemperedMixture
from tests.curriculum.toy import curriculum_manifest, shard_manifest, stage

SIZES = {"en": 640_000, "zh": 64_000, "code": 6_400}
SHARDS = shard_manifest(SIZES, {"long": (100_000, 500), "short": (20_000, 1000)})
RAMP = [
    {"tokens": 12_800, "shares": {"en": 1.0}},
    {"tokens": 38_400, "shares": {"en": 0.2, "zh": 0.8}},
]
UL2 = stage("ul2", RAMP, 64_000)  # type: ignore[arg-type]


def counts(curriculum: Curriculum, samples: int) -> dict[str, int]:
    mixture = curriculum.spans[0].stream.mixture
    return dict(zip(mixture.sets, mixture.counts(samples), strict=True))


def test_shares_go_from_point_to_point_and_stay() -> None:
    """200 samples of en alone, 400 on the way, in which zh has 0.4 on average, 400 with 0.8 of zh."""
    curriculum = Curriculum(curriculum_manifest(UL2), SHARDS)
    for samples, zh in ((200, 0), (400, 40), (600, 160), (1000, 480)):
        found = counts(curriculum, samples)
        assert abs(found["zh"] - zh) <= 1
        assert found["en"] + found["zh"] == samples
    assert curriculum.total_steps == 125
    assert curriculum.spans[0].stream.final_shares == {"en": 0.2, "zh": 0.8}


def test_a_rollback_goes_on_in_the_samples_and_with_them_in_the_shares() -> None:
    curriculum = Curriculum(curriculum_manifest(UL2), SHARDS)
    plain = [curriculum.step(k).parts[0].samples.rows.tolist() for k in range(125)]
    curriculum.apply(Rollback(step=50, to=40, reason="spike"))
    after = [curriculum.step(k).parts[0].samples.rows.tolist() for k in range(125)]
    assert after[:40] == plain[:40]
    assert after[40:115] == plain[50:]


def test_an_amended_mixture_begins_at_the_tokens_that_have_been_read() -> None:
    """From halves to the ramp after 400 samples, 25,600 tokens: it is half-way, en has 0.6 there."""
    halves = UL2 | {"mixture": {"en": 0.5, "zh": 0.5}}
    curriculum = Curriculum(curriculum_manifest(halves), SHARDS)
    curriculum.apply(Amendment(step=50, curriculum=curriculum_manifest(UL2), reason=""))
    assert counts(curriculum, 400) == {"en": 200, "zh": 200}
    at_the_end = counts(curriculum, 600)
    assert abs(at_the_end["zh"] - 200 - 200 * 0.6) <= 1
    last = counts(curriculum, 1000)
    assert abs(last["zh"] - at_the_end["zh"] - 320) <= 2


def test_pairs_are_counted_in_tokens() -> None:
    """Pairs of 200 and of 20 tokens: shares of tokens go from long alone to short alone over the stage."""
    mixture = [{"tokens": 0, "shares": {"long": 1.0}}, {"tokens": 16_000, "shares": {"short": 1.0}}]
    pairs = stage(
        "pairs", mixture, 16_000, objective={"kind": "instruction", "source": 300, "target": 64},  # type: ignore[arg-type]
    )  # fmt: skip
    curriculum = Curriculum(curriculum_manifest(pairs), SHARDS)
    span = curriculum.spans[0]
    found = counts(curriculum, span.read(span.steps)[0])
    assert abs(found["long"] - 40) <= 1
    assert abs(found["short"] - 400) <= 1
    tokens = sum(one.sample_tokens * found[one.name] for one in span.stream.sources)
    assert 16_000 <= tokens < 16_200


@pytest.mark.parametrize(
    ("temperature", "shares"),
    [
        (1, {"code": 1 / 111, "en": 100 / 111, "zh": 10 / 111}),
        (2, {"code": 0.0706, "en": 0.7061, "zh": 0.2233}),
        (1000, {"code": 0.3326, "en": 0.3341, "zh": 0.3333}),
    ],
)
def test_a_temperature_makes_shares_of_sizes(temperature: float, shares: dict[str, float]) -> None:
    mixture = TemperedMixture(sets=("en", "zh", "code"), temperature=temperature)
    assert first_shares(mixture, SIZES) == pytest.approx(shares, abs=1e-4)
    ((tokens, exact),) = share_points(mixture, SIZES)
    assert tokens == 0
    assert sum(exact) == 1


def test_shares_by_temperature_are_the_same_everywhere() -> None:
    """To the last of their twelve digits. Of sizes that are 1, 1/10 and 1/100 of the largest, the weights at
    3.3 are the powers 10/33 of these."""
    mixture = TemperedMixture(sets=("en", "zh", "code"), temperature=3.3)
    ((_, shares),) = share_points(mixture, SIZES)
    assert [share * 10**12 for share in shares] == [141919455445, 572931290967, 285149253588]
    code, en, zh = shares
    for share, tenths in ((code, 2), (zh, 1)):
        assert float((share / en) ** 33 * 10 ** (10 * tenths)) == pytest.approx(1, abs=1e-9)


def test_a_temperature_may_change() -> None:
    points = [{"tokens": 6_400, "value": 1.0}, {"tokens": 57_600, "value": 5.0}]
    mixture = TemperedMixture.model_validate({"sets": ["en", "zh"], "temperature": points})
    found = share_points(mixture, SIZES)
    assert (found[0][0], found[-1][0], len(found)) == (6_400, 57_600, 65)
    for (tokens, shares), temperature in zip(found[::16], (1, 2, 3, 4, 5), strict=True):
        assert tokens == 6_400 + 12_800 * (temperature - 1)
        assert float(shares[0] / shares[1]) == pytest.approx(10 ** (1 / temperature), rel=1e-9)
    curriculum = Curriculum(curriculum_manifest(stage("ul2", mixture, 64_000)), SHARDS)  # type: ignore[arg-type]
    due = 100 * float(found[0][1][1])
    for (_, one), (_, two) in pairwise(found):
        due += 12.5 * float(one[1] + two[1]) / 2
    assert abs(counts(curriculum, 900)["zh"] - due) <= 1


REFUSED: list[tuple[Any, str]] = [
    ({"en": 0.5, "zh": 0.4}, "stages[0].mixture: the shares add up to 0.9, not 1; for example set en to 0.6"),
    ({"en": 1.5}, "stages[0].mixture.shares.en: Input should be less than or equal to 1"),
    ([RAMP[0]], "stages[0].mixture.points: Tuple should have at least 2 items after validation, not 1"),
    (
        RAMP[::-1],
        "stages[0].mixture: the points come in the order of their tokens, and 12,800 stands after 38,400",
    ),
    (
        [RAMP[0], {"tokens": "40 K", "shares": {"zh": 0.8}}],
        "stages[0].mixture.points[1].shares: the shares add up to 0.8, not 1; for example set zh to 1",
    ),
    (
        [RAMP[0], {"tokens": "40 K", "shares": {"en": 1.0, "zh": 0.0}}],
        "stages[0].mixture: zh has no share at any point; remove it",
    ),
    (
        {"sets": ["en", "en"], "temperature": 2},
        "stages[0].mixture.tempered: sets names 'en' twice; remove one",
    ),
    ({"temperature": 2}, "stages[0].mixture.tempered.sets: Field required; add it"),
]


@pytest.mark.parametrize(("mixture", "message"), REFUSED, ids=[row[1][-40:] for row in REFUSED])
def test_mixtures_that_mean_nothing_are_refused(tmp_path: Path, mixture: Any, message: str) -> None:
    file = tmp_path / "curriculum.yaml"
    data = curriculum_manifest(stage("ul2", {"en": 1.0}, 6_400)).model_dump(mode="json", exclude_none=True)
    data["stages"][0]["mixture"] = mixture
    file.write_text(yaml.safe_dump(data))
    with pytest.raises(ManifestError) as error:
        load(file, CurriculumManifest)
    assert str(error.value).split("\n")[0].startswith(f"{file}: {message}")
