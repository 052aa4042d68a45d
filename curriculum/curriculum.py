"""The curriculum as a pure function of the global step: stage, objective, learning rate, and every sample."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from curriculum.journal import Journal
from curriculum.journal_events import Rollback, StageEndedEarly
from curriculum.lr_schedule import learning_rate
from curriculum.pair_lengths import PairLengths
from curriculum.plugin_objective import shape_of
from curriculum.sample_stream import SampleStream
from curriculum.step_plan import StepPart, StepPlan
from curriculum.step_quotas import StepQuotas, step_quotas
from manifests.schema.base import ManifestError
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.optimization import Optimizer
from manifests.schema.shards import ShardManifest


@dataclass(frozen=True)
class Span:
    """The global steps ``first .. first + steps - 1`` of one stage: ``stream`` is its own objective's
    samples, ``quotas`` says how many of whose come in each step. ``skips`` are pairs (stage step, samples
    skipped from it on, by stage)."""

    stream: SampleStream
    quotas: StepQuotas
    first: int
    steps: int
    skips: tuple[tuple[int, Mapping[int, int]], ...] = ((0, MappingProxyType({})),)

    @property
    def end(self) -> int:
        """The first global step after the stage."""
        return self.first + self.steps

    def read(self, step: int) -> dict[int, int]:
        """Samples that were read before the stage's step ``step``, those lost to rollbacks included, by
        stage whose objective made examples of them."""
        skipped = next(skipped for start, skipped in reversed(self.skips) if start <= step)
        return {stage: count + skipped.get(stage, 0) for stage, count in self.quotas.counts(step).items()}


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
        streams = [
            SampleStream(
                stage, shape_of(stage.objective, shards.vocabulary, folder), shards, manifest.seed, pairs
            )
            for stage in manifest.stages
        ]
        self.spans: tuple[Span, ...] = ()
        for index, stream in enumerate(streams):
            quotas = step_quotas(index, streams)
            self.spans += (Span(stream, quotas, self.total_steps, quotas.steps),)
        self._check_epochs(self.spans)
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
        index = next((i for i, span in enumerate(self.spans) if span.stream.stage.name == event.stage), None)
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
        start, stop = event.to - span.first, event.step - span.first
        lost, read = span.read(stop), span.quotas.counts(start)
        kept = tuple(skip for skip in span.skips if skip[0] < start)
        skipped = {stage: count - read[stage] for stage, count in lost.items()}
        spans = list(self.spans)
        spans[index] = replace(span, skips=(*kept, (start, skipped)))
        self._check_epochs(tuple(spans))
        self.spans = tuple(spans)

    def _check_epochs(self, spans: tuple[Span, ...]) -> None:
        needed = Counter[int]()
        for span in spans:
            needed.update(span.read(span.steps))
        for index, span in enumerate(spans):
            span.stream.check_epochs(needed[index])

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
        within = k - span.first
        return StepPlan(
            step=k,
            stage_index=index,
            stage=span.stream.stage.name,
            optimizer=self._optimizer(index, within),
            learning_rate=self._rate(index, within),
            parts=tuple(self._parts(index, within)),
            share=float(span.quotas.share(within)),
            whole=span.quotas.part(within),
        )

    def _parts(self, index: int, within: int) -> Iterator[StepPart]:
        before, after = (self.spans[index].quotas.counts(steps) for steps in (within, within + 1))
        read = Counter(self.spans[index].read(within))
        for span in self.spans[:index]:
            read.update(span.read(span.steps))
        for stage in sorted(after):
            count, stream = after[stage] - before[stage], self.spans[stage].stream
            if count:
                sets = tuple(source.name for source in stream.sources)
                yield StepPart(stream.stage.name, sets, stream.read(read[stage], count))

    def _optimizer(self, index: int, within: int) -> Optimizer:
        """The stage's own, on the way to it within a blend that interpolates."""
        new, share = self.spans[index].stream.stage.optimizer, self.spans[index].quotas.rate_share(within)
        if share == 1:
            return new
        old = self.spans[index - 1].stream.stage.optimizer
        betas = [(1 - share) * was + share * will for was, will in zip(old.betas, new.betas, strict=True)]
        decay = (1 - share) * old.weight_decay + share * new.weight_decay
        return new.model_copy(update={"betas": tuple(betas), "weight_decay": decay})

    def _rate(self, index: int, within: int) -> float:
        """The learning rate of a stage's step; a stage that continues goes on from where the one before
        really ended."""
        span = self.spans[index]
        settings = span.stream.stage.learning_rate
        previous = self._last_rate(index - 1) if settings.peak == "previous" else 0.0
        if settings.minimum is not None and settings.peak == "previous" and settings.minimum > previous:
            raise ManifestError(
                f"stage {span.stream.stage.name}: learning_rate.minimum ({settings.minimum:g}) is above the "
                "rate at which the stage before "
                f"ends ({previous:g}); lower it"
            )
        own = learning_rate(settings, within, span.quotas.steps, previous)
        share = span.quotas.rate_share(within)
        return own if share == 1 else (1 - share) * self._last_rate(index - 1) + share * own

    def _last_rate(self, index: int) -> float:
        """That of a stage's last step, or, where it has none, of the stage before it."""
        steps = self.spans[index].steps
        return self._rate(index, steps - 1) if steps or not index else self._last_rate(index - 1)
