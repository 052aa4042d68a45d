"""A training without a model: steps that are made, amended, thrown away and ended, as a run would."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from curriculum.curriculum import Curriculum
from curriculum.journal_events import Amendment, Event, Rollback, StageEndedEarly
from curriculum.stage_source import StageSource
from curriculum.step_plan import StepPlan
from manifests.schema.base import ManifestError
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.shards import ShardManifest


def told(plan: StepPlan) -> tuple[Any, ...]:
    """All that a plan says, as values that compare."""
    arrays = ("set_index", "rows", "denoisers", "noise", "dropout")
    parts = tuple(
        (part.stage, part.sets, *(getattr(part.samples, array).tobytes() for array in arrays))
        for part in plan.parts
    )
    return (
        plan.step, plan.stage_index, plan.stage, plan.optimizer, plan.learning_rate, plan.share, plan.whole, parts,
    )  # fmt: skip


def all_told(curriculum: Curriculum, stop: int | None = None) -> list[tuple[Any, ...]]:
    """That of every step, or of those before ``stop``."""
    return [told(curriculum.step(k)) for k in range(curriculum.total_steps if stop is None else stop)]


class SimulatedRun:
    """Makes the steps of a curriculum and counts what they read, thrown-away steps included."""

    refusals = ("runs short", "has read", "used up", "nothing to read")
    """Words of the errors that any change may meet."""

    def __init__(self, manifest: CurriculumManifest, shards: ShardManifest) -> None:
        self.first_manifest, self.shards = manifest, shards
        self.curriculum, self.position = Curriculum(manifest, shards), 0
        self.made = False
        """Whether the last thing that happened was a step: only then has a loss gone wrong, or a stage ended."""
        self.events: list[Event] = []
        self.visits: dict[tuple[int, str, int], Counter[int]] = defaultdict(Counter)
        """How often each row was read, by the order of the set, its name, and how many rows it has."""

    def advance(self, steps: int) -> None:
        """Makes so many steps, or those that there are."""
        for k in range(self.position, min(self.position + steps, self.curriculum.total_steps)):
            for part in self.curriculum.step(k).parts:
                for index, name in enumerate(part.sets):
                    rows = part.samples.rows[part.samples.set_index == index]
                    source = self._source(part.stage, name)
                    self.visits[int(source.secret), name, source.rows].update(rows.tolist())
            self.position, self.made = k + 1, True

    def roll_back(self, steps: int) -> None:
        """Goes back by so many steps, or to the beginning of the stage."""
        span = self.curriculum.spans[self.curriculum.stage_of(self.position - 1)]
        to = max(span.first, self.position - steps)
        self._happen(Rollback(step=self.position, to=to, reason="spike"), to)

    def end_stage(self) -> None:
        """Ends the stage of the last step."""
        stage = self.curriculum.step(self.position - 1).stage
        self._happen(StageEndedEarly(stage=stage, step=self.position, reason="plateau"), self.position)

    def amend(self, manifest: CurriculumManifest) -> None:
        """From here on another manifest is in force."""
        self._happen(Amendment(step=self.position, curriculum=manifest, reason="wanted"), self.position)

    def _happen(self, event: Event, kept: int) -> None:
        """Takes an event into account, unless the shards have too little for it, and checks that what is
        before it stays."""
        before = all_told(self.curriculum, kept)
        try:
            self.curriculum.apply(event)
        except ManifestError as error:
            if not any(reason in str(error) for reason in self.refusals):
                raise
            assert all_told(self.curriculum, kept) == before, "what is refused changes nothing"
            return
        assert all_told(self.curriculum, kept) == before, "the past is untouched"
        self.events.append(event)
        self.position, self.made = kept, False

    def anew(self) -> Curriculum:
        """The curriculum as the journal tells it."""
        result = Curriculum(self.first_manifest, self.shards)
        for event in self.events:
            result.apply(type(event).model_validate_json(event.model_dump_json()))
        return result

    def uneven(self) -> list[tuple[str, list[int]]]:
        """How often each row was read, of sets whose rows were not read equally often but for one; a set that
        stages read on is counted over all of them."""
        found = []
        for (_, name, total), rows in self.visits.items():
            visits = [rows[row] for row in range(total)]
            if max(visits) - min(visits) > 1:
                found.append((name, visits))
        return found

    def _source(self, stage: str, name: str) -> StageSource:
        stream = next(span.stream for span in self.curriculum.spans if span.stream.stage.name == stage)
        return next(source for source in stream.sources if source.name == name)
