"""The corpus that `make bench` measures goes through what users run."""

from __future__ import annotations

from benchmarks.ours import MANIFEST
from manifests.schema.base import load
from manifests.schema.corpus import CorpusManifest
from pipeline.setup.places import MANIFESTS

DEMO = MANIFESTS / "presets" / "demo" / "corpus.yaml"


def test_its_rules_and_kinds_of_personal_data_are_the_demos_but_for_what_spares_its_sources() -> None:
    shared, demo = load(MANIFEST, CorpusManifest), load(DEMO, CorpusManifest)
    assert shared.quality.rule_sets == demo.quality.rule_sets
    assert [*shared.quality.rules] == [rule for rule in demo.quality.rules if not rule.spare.sources]
    assert shared.privacy == demo.privacy
