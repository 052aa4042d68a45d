"""Plug-ins of a training: objectives, callbacks, and metrics that end a stage."""

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


class Threshold(Strict):
    """A bound on a metric of the held-out losses."""

    metric: Reference
    """A function of the stage's line of ``evaluation.jsonl`` (``step``, ``stage``, ``losses`` by set) that
    gives a number: ``module:name``, or the name of an entry point in ``openba.stage_end_metrics``."""
    below: float
    """The stage ends as soon as the metric is less than this."""


class Until(Strict):
    """What ends a stage before its tokens are read. It is judged after each evaluation, so that
    ``train.evaluate_every`` must be set; the journal keeps the step."""

    threshold: Threshold
    """Ends the stage once a metric is low enough."""
