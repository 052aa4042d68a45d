"""Plug-ins of a training: objectives and callbacks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from manifests.schema.base import Strict

Reference = Annotated[str, Field(min_length=1)]


class PluginObjective(Strict):
    """An objective that is not built in."""

    kind: Literal["plugin"]
    """Tells it from the built-in objectives."""
    use: Reference
    """The objective's class: ``module:name`` of a module beside the manifest or installed, or the name of an
    entry point in ``openba.objectives``. It is called with ``settings`` and the vocabulary (see
    trainer.objectives.training_objective)."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Whatever the class wants."""
