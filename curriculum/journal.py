"""What a manifest cannot know in advance: events of a run that change which sample comes when. Append-only,
one JSON object a line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from manifests.border.regular_file import regular
from manifests.errors import UserError
from manifests.files import sync
from manifests.schema.base import Strict

Step = Annotated[int, Field(ge=0)]


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


Event = Annotated[StageEndedEarly | Rollback, Field(discriminator="event")]
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class JournalError(UserError):
    """A journal line that is whole but not an event; the message names file and line."""


class Journal:
    """The events of a run, in the order in which they happened.

    A last line without its end (the process died while writing it) was never reported as written: it is
    ignored, and removed by the next append.

    Raises:
        JournalError: a whole line is not an event.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        content = regular(file).read_bytes() if file.exists() else b""
        self._whole = content.rfind(b"\n") + 1
        lines = content[: self._whole].splitlines()
        self.events: tuple[Event, ...] = tuple(
            self._parse(number, line) for number, line in enumerate(lines, start=1)
        )

    def _parse(self, number: int, line: bytes) -> Event:
        try:
            return _EVENT.validate_json(line)
        except ValidationError as error:
            raise JournalError(
                f"{self.file}: line {number} is not an event: {error.errors()[0]['msg']}; restore the journal"
            ) from None

    def has_ended(self, stage: str) -> bool:
        """Whether an event ended a stage before its tokens were read."""
        return any(isinstance(event, StageEndedEarly) and event.stage == stage for event in self.events)

    def append(self, event: Event) -> None:
        """Writes an event; when this returns, it is on disk."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        line = event.model_dump_json().encode() + b"\n"
        with self.file.open("r+b" if self.file.exists() else "x+b") as file:
            file.truncate(self._whole)
            file.seek(self._whole)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        sync(self.file.parent)  # the name of a new file
        self._whole += len(line)
        self.events += (event,)
