"""The curriculum as a pure function of the global step: stage, objective, learning rate, and every sample."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from curriculum.journal import Journal, Rollback, StageEndedEarly
from curriculum.lr_schedule import learning_rate
from curriculum.pair_lengths import PairLengths
from curriculum.plugin_objective import shape_of
from curriculum.stage_plan import StagePlan
from curriculum.step_plan import StepPlan
from manifests.schema.base import ManifestError
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.shards import ShardManifest


@dataclass(frozen=True)
class Span:
    """The global steps ``first .. first + steps - 1`` of one stage. ``skips`` are pairs (stage step, samples
    skipped from it on)."""

    plan: StagePlan
    first: int
    steps: int
    skips: tuple[tuple[int, int], ...] = ((0, 0),)

    @property
    def end(self) -> int:
        """The first global step after the stage."""
        return self.first + self.steps

    def skipped(self, step: int) -> int:
        """Samples lost to rollbacks before the stage's step ``step``."""
        return next(skipped for start, skipped in reversed(self.skips) if start <= step)


class Curriculum:
    """``step(k)`` is a function of the manifest, the shard manifest, the journal's events and k, and of
    nothing else. ``folder`` is the manifest's, where its plug-ins are; ``pairs`` are the lengths of each set
    of pairs, of which some may be cut.

    Raises:
        ManifestError: the manifest asks for sets or tokens that the shards do not have.
        ValueError: an event of the journal does not fit the manifest.
    """

    def __init__(
        self,
        manifest: CurriculumManifest,
        shards: ShardManifest,
        journal: Journal | None = None,
        folder: Path = Path(),
        pairs: Mapping[str, PairLengths] = MappingProxyType({}),
    ) -> None:
        self.manifest = manifest
        self.spans: tuple[Span, ...] = ()
        for stage in manifest.stages:
            shape = shape_of(stage.objective, shards.vocabulary, folder)
            plan = StagePlan(stage, shape, shards, manifest.seed, pairs)
            self.spans += (Span(plan, self.total_steps, plan.steps),)
        for event in journal.events if journal else ():
            self.apply(event)
        for index in range(len(self.spans)):
            self._rate(index, 0)

    def apply(self, event: StageEndedEarly | Rollback) -> None:
        """Takes one more event into account.

        Raises:
            ManifestError: a set has too few samples left for those that a rollback skips.
            ValueError: the event does not fit the manifest.
        """
        if isinstance(event, StageEndedEarly):
            self._end_early(event)
        else:
            self._roll_back(event)

    def _end_early(self, event: StageEndedEarly) -> None:
        index = next((i for i, span in enumerate(self.spans) if span.plan.stage.name == event.stage), None)
        if index is None or not self.spans[index].first <= event.step <= self.spans[index].end:
            raise ValueError(
                f"the journal ends stage {event.stage!r} at step {event.step}, where the manifest has no "
                "such stage"
            )
        spans = list(self.spans)
        spans[index] = replace(spans[index], steps=event.step - spans[index].first)
        for later in range(index + 1, len(spans)):
            spans[later] = replace(spans[later], first=spans[later - 1].end)
        self.spans = tuple(spans)

    def _roll_back(self, event: Rollback) -> None:
        index = self.stage_of(event.to)
        span = self.spans[index]
        if event.step > span.end:
            raise ValueError(
                f"the journal rolls back from step {event.step} to {event.to}, which is in another stage"
            )
        start = event.to - span.first
        skipped = (
            span.skipped(event.step - span.first) + (event.step - event.to) * span.plan.stage.global_batch
        )
        span.plan.check_epochs(skipped)
        kept = tuple(skip for skip in span.skips if skip[0] < start)
        self.spans = (
            *self.spans[:index],
            replace(span, skips=(*kept, (start, skipped))),
            *self.spans[index + 1 :],
        )

    @property
    def total_steps(self) -> int:
        """Number of steps of all stages."""
        return self.spans[-1].end if self.spans else 0

    def stage_of(self, k: int) -> int:
        """Index of the stage that global step ``k`` belongs to.

        Raises:
            IndexError: there is no such step.
        """
        if not 0 <= k < self.total_steps:
            raise IndexError(f"step {k} is not one of the curriculum's {self.total_steps} steps")
        return bisect_right(self.spans, k, key=lambda span: span.end)

    def step(self, k: int) -> StepPlan:
        """Everything about global step ``k`` (the first is 0), in time proportional to its batch.

        Raises:
            IndexError: there is no such step.
        """
        index = self.stage_of(k)
        span = self.spans[index]
        stage, within = span.plan.stage, k - span.first
        return StepPlan(
            step=k,
            stage_index=index,
            stage=stage.name,
            objective=stage.objective,
            optimizer=stage.optimizer,
            learning_rate=self._rate(index, within),
            sets=tuple(source.name for source in span.plan.sources),
            samples=span.plan.step_samples(within, span.skipped(within)),
        )

    def _rate(self, index: int, within: int) -> float:
        """The learning rate of a stage's step; a stage that continues goes on from where the one before
        really ended."""
        span = self.spans[index]
        settings = span.plan.stage.learning_rate
        previous = self._last_rate(index - 1) if settings.peak == "previous" else 0.0
        if settings.minimum is not None and settings.peak == "previous" and settings.minimum > previous:
            raise ManifestError(
                f"stage {span.plan.stage.name}: learning_rate.minimum ({settings.minimum:g}) is above the "
                "rate at which the stage before "
                f"ends ({previous:g}); lower it"
            )
        return learning_rate(settings, within, span.plan.steps, previous)

    def _last_rate(self, index: int) -> float:
        """That of a stage's last step, or, where it has none, of the stage before it."""
        steps = self.spans[index].steps
        return self._rate(index, steps - 1) if steps or not index else self._last_rate(index - 1)
