"""Every mistake that is planted into a sound training is found, and nothing else was wrong before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from curriculum.plan import curves
from manifests.schema.shards import ShardManifest
from tests.curriculum.plan.sound import Manifests, planned, preset, shards_of, sound

UL2, LENGTH, BIFLAN = range(3)


def stage(index: int, **changes: Any) -> Callable[[Manifests], None]:
    return lambda given: given["curriculum"]["stages"][index].update(changes)


def train(**changes: Any) -> Callable[[Manifests], None]:
    return lambda given: given["curriculum"]["train"].update(changes)


def cluster(**changes: Any) -> Callable[[Manifests], None]:
    return lambda given: given["cluster"].update(changes)


def budget(**changes: Any) -> Callable[[Manifests], None]:
    return lambda given: given["corpus"]["shards"]["budget"].update(changes)


def pair_budget(given: Manifests) -> None:
    given["corpus"]["shards"]["instructions"]["tokens"] = "20 B"


def small_sets(given: Manifests) -> None:
    """Sets of less than two chunks, read again and again."""
    given["corpus"]["shards"]["budget"] = {"en": 4000, "zh": 4000, "code": 4000}


def small_passes(given: Manifests) -> None:
    given["cluster"]["memory"] = "192 GB"
    given["curriculum"]["stages"][UL2]["micro_batch"] = 1200


def repeated_source(given: Manifests) -> None:
    """Shards that already hold a source twice, as often as its corpus manifest allows."""
    shards = shards_of(given)
    data = shards.manifest.model_dump(mode="json")
    for one in data["sets"].values():
        one["tokens"] = one["tokens"] * 2 // 3 if one["name"] == "code" else one["tokens"]
        one["shards"][0]["tokens"] = one["sources"][0]["tokens"] = one["tokens"]
    data["sets"]["code"]["sources"][0] |= {"epochs": 2.0}
    manifest = ShardManifest.model_validate(data)
    given["shards"] = replace(shards, manifest=manifest, limits={"code": 2}, there=True)
    given["curriculum"]["stages"][UL2]["max_epochs"] = {"code": 2.0}


COSINE = {"schedule": "cosine", "peak": 1e-4, "minimum": 1e-5, "warmup_steps": 2000}
PLANTED: dict[str, tuple[Callable[[Manifests], None], str]] = {
    "one-span": (
        stage(UL2, objective={"kind": "ul2", "chunk": 568, "preset": "openba-released"}),
        "stage ul2: denoiser X (mean_span 64, density 0.15) on a chunk of 568 masks one span of 85 tokens",
    ),
    "over-epochs": (budget(en="100 B"), "stage ul2: set en runs short by 42,500,0"),
    "source-epochs": (repeated_source, "source code is read 2.98 times"),
    "many-epochs": (budget(code="3 B"), "code is read 5.7 times"),
    "uneven-epochs": (budget(code="5.5 B"), "set code is read 3.09 times and set"),
    "remainder": (small_sets, "stage ul2: set code of 4,000 tokens makes 7 chunks of 568, and the 24 tokens"),
    "unread": (budget(en="190 B", zh="190 B", code="20 B"), "59,999,999,480 are never read"),
    "cut-pairs": (
        stage(BIFLAN, objective={"kind": "instruction", "source": 256, "target": 64}),
        "prompts are too long and lose their middle",
    ),
    "pairs-short": (pair_budget, "stage biflan: set biflan_en runs short by 6,6"),
    "warm-up": (
        stage(BIFLAN, learning_rate={"schedule": "constant", "peak": 7e-6, "warmup_steps": 500_000}),
        "stage biflan: learning_rate.warmup_steps (500,000) is more than the stage's 37,1",
    ),
    "minimum-never": (
        stage(UL2, learning_rate=COSINE | {"decay_steps": 200_000}),
        "decay_steps (200,000) is more than the stage's 128,9",
    ),
    "minimum-early": (
        stage(UL2, learning_rate=COSINE | {"decay_steps": 50_000}),
        "the rate is at its minimum after 50,000 of 128,9",
    ),
    "rate-jump": (
        stage(LENGTH, learning_rate={"schedule": "cosine", "peak": 4e-5, "minimum": 1e-5}),
        "stage length begins at a learning rate of 4e-05, 4.0 times the 1e-05 at which ul2 ends",
    ),
    "no-fit": (cluster(memory="40 GB"), "GB with ZeRO 2, recompute, of which"),
    "host-memory": (cluster(host_memory="20 GB"), "a host must hold 25 GB with ZeRO 2, recompute, and has 20 GB"),
    "zero-higher": (train(zero=3), "train.zero is 3, and 2 fits as well"),
    "recompute-unneeded": (cluster(memory="192 GB"), "train.recompute is True, and False fits as well"),
    "offload-unneeded": (train(offload="optimizer"), "train.offload is optimizer, and none fits as well"),
    "network-bound": (cluster(network="10 GB/s"), "stage ul2: of a step the network takes"),
    "idle-ranks": (stage(BIFLAN, global_batch=64), "stage biflan: 64 processes are busy for"),
    "hosts": (cluster(gpus=60), "60 GPUs leave 4 of the last host's 8 idle"),
    "lost-work": (train(checkpoint_every=20_000), "hours go by between two checkpoints"),
    "fp32": (train(precision="fp32"), "train.precision is fp32"),
    "small-micro-batch": (
        small_passes,
        "raise micro_batch",
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def few_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the curves, which are another test's."""
    monkeypatch.setattr(curves, "POINTS", 3)


def kinds(given: Manifests) -> list[str]:
    return [warning.kind for warning in planned(given).warnings]


def test_nothing_is_wrong_with_a_sound_training() -> None:
    assert [warning.text for warning in planned(sound()).warnings] == []


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_mistake_is_found(kind: str) -> None:
    change, told = PLANTED[kind]
    given = sound()
    change(given)
    texts = [warning.text for warning in planned(given).warnings if warning.kind == kind]
    assert texts, kinds(given)
    assert any(told in text for text in texts), texts


def test_the_preset_as_released_has_the_known_faults() -> None:
    """Its one-span denoiser, 400 B of corpus for 340 B, a decay longer than its stage, a jump of the rate, and
    a ZeRO stage that 80 GB do not need."""
    found = kinds(preset())
    assert {"one-span", "unread", "minimum-never", "rate-jump", "zero-higher"} <= set(found)
    assert not {"over-epochs", "pairs-short", "no-fit", "host-memory", "idle-ranks", "warm-up"} & set(found)
