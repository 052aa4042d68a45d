"""What a run's journal tells: events, which change what sample comes when, and notes of what else
happened."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import Strict
from manifests.schema.curriculum import CurriculumManifest

Step = Annotated[int, Field(ge=0)]


class Begun(Strict):
    """The journal's first line: the curriculum that the run was begun with, but for ``initial``, and the hash
    of the shard manifest."""

    event: Literal["begun"] = "begun"
    curriculum: CurriculumManifest
    shards: str


class StageEndedEarly(Strict):
    """The stage has no steps from global step ``step`` on; the next stage begins there."""

    event: Literal["stage_ended_early"] = "stage_ended_early"
    stage: str
    step: Step
    reason: str


class Rollback(Strict):
    """The weights went back from before global step ``step`` to before global step ``to``. The steps from
    ``to`` on read the samples that follow those already read, so that what was read between the two is not
    read again."""

    event: Literal["rollback"] = "rollback"
    step: Step
    to: Step
    reason: str

    @model_validator(mode="after")
    def _backwards(self) -> Rollback:
        if self.to >= self.step:
            raise ValueError(f"a rollback goes back: to ({self.to}) must be less than step ({self.step})")
        return self


class Amendment(Strict):
    """From global step ``step`` on ``curriculum`` is trained; the steps before it are what they were."""

    event: Literal["amendment"] = "amendment"
    step: Step
    curriculum: CurriculumManifest
    reason: str


class BlendBegun(Strict):
    """From global step ``step`` on the stage takes the place of the one before little by little."""

    event: Literal["blend_begun"] = "blend_begun"
    stage: str
    step: Step


class StepSkipped(Strict):
    """Global step ``step`` made no update; what it read counts as read."""

    event: Literal["step_skipped"] = "step_skipped"
    step: Step
    reason: str


class Devices(Strict):
    """From global step ``step`` on ``processes`` share the work, on devices of a kind."""

    event: Literal["devices"] = "devices"
    step: Step
    processes: Annotated[int, Field(ge=1)]
    device: str


Event = StageEndedEarly | Rollback | Amendment
"""What a replay needs."""
Note = BlendBegun | StepSkipped | Devices
"""What a replay does not need."""
