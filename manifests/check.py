"""Which model a manifest file claims to satisfy, and whether it does."""

from __future__ import annotations

from pathlib import Path

import yaml

from manifests.schema.assets import AssetManifest
from manifests.schema.base import ManifestError, Strict, load, parsed_yaml, unreadable
from manifests.schema.cluster import Cluster
from manifests.schema.corpus import CorpusManifest
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.fleet import Fleet
from manifests.schema.redaction import Redaction
from manifests.schema.rules import RuleSet
from manifests.schema.shards import ShardManifest
from manifests.schema.steps import StepManifest
from manifests.schema.terms import TermList
from manifests.schema.training import TrainingManifest
from manifests.schema.training_plugins import PluginObjective

KINDS: dict[str, type[Strict]] = {
    "assets": AssetManifest,
    "cluster": Cluster,
    "corpus": CorpusManifest,
    "curriculum": CurriculumManifest,
    "fleet": Fleet,
    "redaction": Redaction,
    "rules": RuleSet,
    "shards": ShardManifest,
    "step": StepManifest,
    "terms": TermList,
    "training": TrainingManifest,
}


def check(file: Path) -> Strict:
    """Loads a manifest of any kind, told by its key ``kind``.

    Raises:
        ManifestError: the kind is unknown, or the manifest is not valid; the message names file, key and fix.
    """
    try:
        data = parsed_yaml(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise unreadable(file, error) from None
    except (ValueError, yaml.YAMLError) as error:
        raise ManifestError(f"{file}: not readable as YAML: {' '.join(str(error).split())}") from None
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise ManifestError(
            f"{file}: kind: {kind!r} is not a kind of manifest; write one of: {', '.join(KINDS)}"
        )
    manifest = load(file, KINDS[kind])
    if isinstance(manifest, CurriculumManifest):
        _check_micro_batches(file, manifest)
    return manifest


def _check_micro_batches(file: Path, curriculum: CurriculumManifest) -> None:
    for index, stage in enumerate(curriculum.stages):
        if not isinstance(stage.objective, PluginObjective):  # a plug-in is asked when it trains
            try:
                stage.check_micro_batch(stage.objective.longest)
            except ValueError as error:
                raise ManifestError(f"{file}: stages[{index}]: {error}") from None
