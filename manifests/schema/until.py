"""What ends a stage before its tokens are read."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from manifests.schema.base import Strict, Tokens
from manifests.schema.training_plugins import Reference

HELDOUT = "heldout"
"""The built-in metrics begin with it."""


class Threshold(Strict):
    """A bound on a metric of the held-out losses."""

    metric: Reference
    """``heldout``: the stage's held-out losses, in the shares of its mixture; ``heldout/zh``: that of one
    set; ``heldout/ul2/zh``: that of another stage's objective. Or a function of the stage's line of
    ``evaluation.jsonl`` (``step``, ``stage``, ``losses`` by set) that gives a number: ``module:name``, or the
    name of an entry point in ``openba.stage_end_metrics``."""
    below: float
    """The stage ends as soon as the metric is less than this."""


class Plateau(Strict):
    """A metric that has stopped falling. Its slope over the window is that of Theil and Sen, with an interval
    of 90 %: where noise leaves it open whether the metric still falls, the stage goes on."""

    metric: Reference
    """As of a threshold."""
    window: Annotated[Tokens, Field(ge=1)]
    """The stage's last tokens whose evaluations are looked at: at least six."""
    slope: Annotated[float, Field(ge=0)]
    """How much the metric must still fall over a window, such as 0.02 nats: the stage ends when even the
    interval's steeper end says that it falls less."""


class Until(Strict):
    """What ends a stage before its tokens are read, whichever comes first. It is judged after each
    evaluation, so that ``train.evaluate_every`` must be set; the journal keeps the step."""

    threshold: Threshold | None = Field(default=None, exclude_if=lambda value: value is None)
    """Ends the stage once a metric is low enough."""
    plateau: Plateau | None = Field(default=None, exclude_if=lambda value: value is None)
    """Ends the stage once a metric falls no more."""
    least: Tokens | None = Field(default=None, exclude_if=lambda value: value is None)
    """Tokens of the stage before which neither ends it."""

    @model_validator(mode="after")
    def _something(self) -> Until:
        if self.threshold is None and self.plateau is None:
            raise ValueError("give threshold or plateau, or both; or leave until out")
        return self

    @property
    def metrics(self) -> tuple[str, ...]:
        """Those that are asked."""
        return tuple(one.metric for one in (self.threshold, self.plateau) if one)


def is_builtin(metric: str) -> bool:
    """Whether a metric is one of the held-out losses, and no plug-in."""
    return metric.split("/")[0] == HELDOUT


def heldout_of(metric: str, stage: str) -> tuple[str, str | None]:
    """The stage and the set (None: all of its mixture) whose held-out loss a built-in metric of a stage's
    ``until`` is."""
    _, *path = metric.split("/")
    return (path[0] if len(path) == 2 else stage), (path[-1] if path else None)
