"""The plug-ins that a curriculum names: their shelves, and the hashes of their code."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from manifests.plugins import Plugin, resolve
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.stage import Stage
from manifests.schema.training_plugins import PluginObjective
from manifests.schema.until import is_builtin

OBJECTIVES, CALLBACKS, METRICS = "openba.objectives", "openba.callbacks", "openba.stage_end_metrics"


def stage_plugins(stages: Iterable[Stage], folder: Path) -> dict[str, str]:
    """The fingerprint of each plug-in that decides what stages train and when they end, by reference.

    Args:
        folder: the manifest's.

    Raises:
        PluginError: there is no such plug-in.
    """
    found: list[Plugin] = []
    for stage in stages:
        if isinstance(stage.objective, PluginObjective):
            found.append(resolve(stage.objective.use, OBJECTIVES, folder))
        for metric in stage.until.metrics if stage.until else ():
            if not is_builtin(metric):
                found.append(resolve(metric, METRICS, folder))
    return {plugin.reference: plugin.fingerprint for plugin in found}


def all_plugins(manifest: CurriculumManifest, folder: Path) -> dict[str, str]:
    """The same of all stages, and of the callbacks.

    Raises:
        PluginError: there is no such plug-in.
    """
    callbacks = [resolve(reference, CALLBACKS, folder) for reference in manifest.train.callbacks]
    return stage_plugins(manifest.stages, folder) | {one.reference: one.fingerprint for one in callbacks}
