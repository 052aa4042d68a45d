"""What a manifest cannot know in advance: the events of a run. Append-only, one JSON object a line, each with
the SHA-256 of the line before it."""

from __future__ import annotations

import hashlib
import os
import re
from itertools import takewhile
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from curriculum.journal_events import Amendment, Begun, Devices, Event, Note, Rollback, StageEndedEarly
from manifests.border.regular_file import regular
from manifests.errors import UserError
from manifests.files import sync
from manifests.schema.curriculum import CurriculumManifest

FIRST = "0" * 64
"""What stands for the line before the first."""
Line = Begun | Event | Note
_LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="event")])
_PREVIOUS = re.compile(rb'\{"previous":"([0-9a-f]{64})",')


class JournalError(UserError):
    """A journal that is damaged, or of an earlier version; the message names file and line."""


class Journal:
    """The events of a run, in the order in which they happened.

    A last line without its end (the process died while writing it) was never reported as written: it is
    ignored, and removed by the next append.

    Attributes:
        hashes: SHA-256 of each line, hexadecimal.

    Raises:
        JournalError: a whole line is not an event, or does not follow the line before it.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        content = regular(file).read_bytes() if file.exists() else b""
        self._whole = content.rfind(b"\n") + 1
        self._lines: list[Line] = []
        self.hashes: list[str] = []
        for number, line in enumerate(content[: self._whole].split(b"\n")[:-1], start=1):
            self._take(self._parsed(number, line), line)

    def _parsed(self, number: int, line: bytes) -> Line:
        link = _PREVIOUS.match(line)
        if link is None:
            raise self._error(number, "does not say which line it follows; was it of an earlier version?")
        try:
            found = _LINE.validate_json(b"{" + line[link.end() :])
        except ValidationError as error:
            raise self._error(number, f"is not an event: {error.errors()[0]['msg']}") from None
        if link.group(1).decode() != self._head or (number > 1 and isinstance(found, Begun)):
            raise self._error(number, "does not follow the one before: a line was changed, moved or removed")
        return found

    def _error(self, number: int, what: str) -> JournalError:
        return JournalError(f"line {number} {what}", where=self.file, fix="restore the journal")

    def _take(self, event: Line, line: bytes) -> None:
        self._lines.append(event)
        self.hashes.append(hashlib.sha256(line).hexdigest())

    @property
    def _head(self) -> str:
        return self.hashes[-1] if self.hashes else FIRST

    @property
    def begun(self) -> Begun | None:
        """The first line; None where nothing has begun."""
        first = self._lines[0] if self._lines else None
        return first if isinstance(first, Begun) else None

    @property
    def events(self) -> tuple[Event, ...]:
        """What decides which sample comes when, beside the curriculum."""
        return tuple(line for line in self._lines if isinstance(line, Event))

    @property
    def notes(self) -> tuple[Note, ...]:
        """What else happened."""
        return tuple(line for line in self._lines if isinstance(line, Note))

    @property
    def curricula(self) -> tuple[CurriculumManifest, ...]:
        """The one that the run was begun with, and those that amended it; the last is in force."""
        amended = (event.curriculum for event in self.events if isinstance(event, Amendment))
        return (self.begun.curriculum, *amended) if self.begun else ()

    def has_ended(self, stage: str) -> bool:
        """Whether an event ended a stage before its tokens were read."""
        return any(isinstance(event, StageEndedEarly) and event.stage == stage for event in self.events)

    def append(self, event: Line) -> None:
        """Writes an event; when this returns, it is on disk.

        Raises:
            JournalError: a first line, where there are others.
        """
        if isinstance(event, Begun) and self.hashes:
            raise self._error(1, "is not a run's beginning")
        self.file.parent.mkdir(parents=True, exist_ok=True)
        line = b'{"previous":"%s",%s' % (self._head.encode(), event.model_dump_json().encode()[1:])
        with self.file.open("r+b" if self.file.exists() else "x+b") as file:
            file.truncate(self._whole)
            file.seek(self._whole)
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync(self.file.parent)  # the name of a new file
        self._whole += len(line) + 1
        self._take(event, line)

    def note(self, note: Note) -> bool:
        """Writes a note, but not what a training that was killed says again, which it said since the last
        rollback; whether it did."""
        since = takewhile(lambda line: not isinstance(line, Rollback), reversed(self._lines))
        if note in since:
            return False
        self.append(note)
        return True

    def devices(self) -> Devices | None:
        """What the training ran on last."""
        return next((note for note in reversed(self.notes) if isinstance(note, Devices)), None)
