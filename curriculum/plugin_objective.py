"""Objectives that are plug-ins: made from their settings, and asked for their shape."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curriculum.objective_shape import ObjectiveShape, built_in_shape
from curriculum.plugins import OBJECTIVES
from manifests.plugins import Plugin, resolve
from manifests.schema.objectives import Objective
from manifests.schema.shards import Vocabulary
from manifests.schema.training_plugins import PluginObjective


@dataclass(frozen=True)
class LoadedObjective:
    """An objective of the user's (``value``), the plug-in that it came from, and its shape."""

    plugin: Plugin
    value: Any
    shape: ObjectiveShape


def load_objective(objective: PluginObjective, vocabulary: Vocabulary, folder: Path) -> LoadedObjective:
    """Makes an objective of a plug-in; ``folder`` is the manifest's.

    Raises:
        PluginError: there is no such plug-in, it failed, or what it made has no shape.
    """
    plugin = resolve(objective.use, OBJECTIVES, folder)
    value = plugin.call(objective.settings, vocabulary)
    with plugin.errors():
        shape = getattr(value, "shape", None)
    if not isinstance(shape, ObjectiveShape):
        raise plugin.error(
            f"its shape is {shape!r}; give it an attribute shape that is a "
            "curriculum.objective_shape.ObjectiveShape"
        )
    return LoadedObjective(plugin, value, shape)


def shape_of(objective: Objective, vocabulary: Vocabulary, folder: Path) -> ObjectiveShape:
    """The shape of a stage's objective; ``folder`` is the manifest's.

    Raises:
        PluginError: see load_objective.
    """
    if isinstance(objective, PluginObjective):
        return load_objective(objective, vocabulary, folder).shape
    return built_in_shape(objective)
