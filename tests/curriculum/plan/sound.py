"""The 15 B preset with its known faults mended: a plan finds nothing wrong with it. Each test plants one."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from curriculum.plan.plan import plan
from curriculum.plan.planned_shards import PlannedShards, of_corpus
from manifests.schema.cluster import Cluster
from manifests.schema.corpus import CorpusManifest
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.plan import Plan

PRESET = Path(__file__).parents[3] / "manifests" / "presets" / "openba-15b"
PIECES, PAIR_TOKENS = 250_100, (200, 70)

Manifests = dict[str, Any]
"""``curriculum``, ``corpus`` and ``cluster``, as data; ``pairs``: mean tokens of a prompt and an answer."""


def preset() -> Manifests:
    """As it is, on 64 GPUs."""
    files = {
        name: yaml.safe_load((PRESET / f"{name}.yaml").read_text("utf-8"))
        for name in ("curriculum", "corpus")
    }
    return files | {"cluster": {"gpus": 64}, "pairs": PAIR_TOKENS}


def sound() -> Manifests:
    """What the warnings about the preset ask for."""
    given = deepcopy(preset())
    ul2, length, biflan = given["curriculum"]["stages"]
    ul2["objective"]["preset"] = "ul2"
    del ul2["learning_rate"]["decay_steps"]
    length["learning_rate"] = {"schedule": "cosine", "peak": "previous", "minimum": 5e-6}
    biflan["global_batch"] = 4096
    given["curriculum"]["train"] |= {"zero": 2, "checkpoint_every": 500}
    given["corpus"]["shards"]["budget"] = {"en": "162 B", "zh": "162 B", "code": "17.1 B"}
    given["cluster"]["network"] = "100 GB/s"
    return given


def planned(given: Manifests) -> Plan:
    """The plan of it."""
    curriculum = CurriculumManifest.model_validate(given["curriculum"])
    return plan(curriculum, given.get("shards") or shards_of(given), Cluster.model_validate(given["cluster"]))


def shards_of(given: Manifests) -> PlannedShards:
    """What the corpus' budget makes."""
    return of_corpus(CorpusManifest.model_validate(given["corpus"]), PIECES, given["pairs"])
