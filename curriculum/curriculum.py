"""The curriculum as a pure function of the global step: stage, objective, learning rate, and every sample."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import copy
from pathlib import Path
from types import MappingProxyType

from curriculum.amendment import check_amendment
from curriculum.journal import Journal
from curriculum.journal_events import Amendment, Event, Rollback, StageEndedEarly
from curriculum.lr_schedule import learning_rate
from curriculum.pair_lengths import PairLengths
from curriculum.plugin_objective import shape_of
from curriculum.sample_stream import SampleStream
from curriculum.span import Span
from curriculum.stage_source import Origin
from curriculum.step_plan import StepPart, StepPlan
from curriculum.step_quotas import amended_quotas, step_quotas
from manifests.schema.base import ManifestError
from manifests.schema.continued import continued_sets
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.optimization import Optimizer
from manifests.schema.shards import ShardManifest
from manifests.schema.stage import Stage


class Curriculum:
    """``step(k)`` is a function of the manifest, the shard manifest, the journal's events and k, and of
    nothing else. ``folder`` is the manifest's, where its plug-ins are; ``pairs`` are the lengths of each set
    of pairs, of which some may be cut.

    Attributes:
        manifest: what is in force after the last event.
        spans: the steps of its stages, in their order.

    Raises:
        ManifestError: the manifest, or an amendment, asks for sets or tokens that the shards do not have.
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
        self._shards, self._folder, self._pairs = shards, folder, pairs
        self.manifest = manifest
        self._past: tuple[tuple[int, CurriculumManifest], ...] = ()
        self.spans = self._planned((), manifest)
        self._check(self.spans)
        for event in journal.events if journal else ():
            self.apply(event)
        self._check_rates()

    def apply(self, event: Event) -> None:
        """Takes one more event into account.

        Raises:
            ManifestError: a set has too few samples left for those that a rollback skips; or see amended.
            ValueError: the event does not fit the manifest.
        """
        match event:
            case StageEndedEarly():
                self._end_early(event)
            case Rollback():
                self._roll_back(event)
            case Amendment():
                self._amend(event.curriculum, event.step)

    def amended(self, manifest: CurriculumManifest, step: int) -> Curriculum:
        """This curriculum with another manifest in force from global step ``step`` on; all steps before it
        stay as they are. This one is left as it is, so that an amendment can be tried before it is written.

        The stage under way goes on with its new settings: its samples, those of each set and the epochs are
        counted on, and its learning rate is that of the new settings at the step it has come to, in a stage
        of its new number of steps; so the cosine of a stage that is made longer is stretched. After a
        rollback to before ``step``, the amendment holds from ``step`` on again.

        Raises:
            ManifestError: it would change what is past, or the weights; or the shards do not have what it
                asks for.
        """
        result = copy(self)
        result._amend(manifest, step)
        return result

    def _amend(self, manifest: CurriculumManifest, step: int) -> None:
        if not 0 <= step <= self.total_steps:
            raise ManifestError(f"an amendment at step {step}: the curriculum has {self.total_steps:,} steps")
        index = self.stage_of(step) if step < self.total_steps else len(self.spans)
        current = self.spans[index] if index < len(self.spans) else None
        begun = current is not None and (current.first < step or current.begun)
        check_amendment(self.manifest, manifest, index, begun=begun)
        spans = self.spans[:index]
        if current is not None and begun:
            spans += (self._amended_span(current, manifest.stages[index], spans, step - current.first),)
        after = copy(self)
        after.manifest, after.spans = manifest, self._planned(spans, manifest)
        in_force = self.manifest_at(max(step - 1, 0))
        after._past = (*(past for past in self._past if past[0] < step), (step, in_force))
        self._check(after.spans)
        after._check_rates()
        self.manifest, self.spans, self._past = after.manifest, after.spans, after._past

    def _amended_span(self, span: Span, stage: Stage, earlier: tuple[Span, ...], within: int) -> Span:
        """That of a stage under way, of whose settings others hold from its step ``within`` on."""
        alone = self._stream(stage, earlier)
        goes_on = alone.after(span.stream, span.read(within)[len(earlier)])
        streams = [*(one.stream for one in earlier), goes_on]
        return span.amended(within, alone, amended_quotas(len(earlier), streams, span.quotas, within))

    def _planned(self, spans: tuple[Span, ...], manifest: CurriculumManifest) -> tuple[Span, ...]:
        """The spans of a manifest's first stages, and those of the stages after them, as they are planned."""
        for stage in manifest.stages[len(spans) :]:
            streams = [*(span.stream for span in spans), self._stream(stage, spans)]
            first = spans[-1].end if spans else 0
            spans += (Span.planned(streams[-1], step_quotas(len(spans), streams), first),)
        return spans

    def _stream(self, stage: Stage, earlier: tuple[Span, ...]) -> SampleStream:
        """A stage's samples, behind those of the stages before it."""
        shape = shape_of(stage.objective, self._shards.vocabulary, self._folder)
        origins = {
            name: _origin(origin, name, earlier)
            for name, origin in continued_sets(stage, [span.stream.stage for span in earlier]).items()
        }
        return SampleStream(stage, shape, self._shards, self.manifest.seed, self._pairs, origins)

    def _end_early(self, event: StageEndedEarly) -> None:
        index = next((i for i, span in enumerate(self.spans) if span.stream.stage.name == event.stage), None)
        if index is None or not self.spans[index].first <= event.step <= self.spans[index].end:
            raise ValueError(
                f"the journal ends stage {event.stage!r} at step {event.step}, where the manifest has no "
                "such stage"
            )
        ended = self.spans[index].ended(event.step - self.spans[index].first)
        self.spans = self._planned((*self.spans[:index], ended), self.manifest)

    def _roll_back(self, event: Rollback) -> None:
        index = self.stage_of(event.to)
        span = self.spans[index]
        if event.step > span.end:
            raise ValueError(
                f"the journal rolls back from step {event.step} to {event.to}, which is in another stage"
            )
        back = span.rolled_back(event.to - span.first, event.step - span.first)
        spans = self._planned((*self.spans[:index], back), self.manifest)
        self._check(spans)
        self.spans = spans

    def _check(self, spans: tuple[Span, ...]) -> None:
        for index, span in enumerate(spans):
            span.stream.check_epochs(_samples_read(index, spans))

    def _check_rates(self) -> None:
        for index, span in enumerate(self.spans):
            for era in span.eras:
                self._rate(index, era.start)

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

    def manifest_at(self, k: int) -> CurriculumManifest:
        """The manifest in force at global step ``k``: another one before an amendment."""
        return next((manifest for until, manifest in self._past if k < until), self.manifest)

    def stage_at(self, k: int) -> Stage:
        """The settings of the stage at global step ``k``, as they are in force there.

        Raises:
            IndexError: there is no such step.
        """
        span = self.spans[self.stage_of(k)]
        return span.era(k - span.first).stream.stage

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
                yield stream.read(read[stage], count)

    def _optimizer(self, index: int, within: int) -> Optimizer:
        """The stage's own, on the way to it within a blend that interpolates."""
        span = self.spans[index]
        new, share = span.era(within).stream.stage.optimizer, span.quotas.rate_share(within)
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
        era = span.era(within)
        settings = era.stream.stage.learning_rate
        previous = self._last_rate(index - 1) if settings.peak == "previous" else 0.0
        if settings.minimum is not None and settings.peak == "previous" and settings.minimum > previous:
            raise ManifestError(
                f"stage {span.stream.stage.name}: learning_rate.minimum ({settings.minimum:g}) is above the "
                "rate at which the stage before "
                f"ends ({previous:g}); lower it"
            )
        own = learning_rate(settings, within, era.steps, previous)
        share = span.quotas.rate_share(within)
        return own if share == 1 else (1 - share) * self._last_rate(index - 1) + share * own

    def _last_rate(self, index: int) -> float:
        """That of a stage's last step, or, where it has none, of the stage before it."""
        steps = self.spans[index].steps
        return self._rate(index, steps - 1) if steps or not index else self._last_rate(index - 1)


def _samples_read(index: int, spans: tuple[Span, ...]) -> int:
    """Samples of stage ``index`` that are read in some spans, those lost to rollbacks included."""
    return sum(span.read(span.steps).get(index, 0) for span in spans)


def _origin(stage: str, name: str, earlier: tuple[Span, ...]) -> Origin:
    """Where a stage has stopped reading a set."""
    index = next(index for index, span in enumerate(earlier) if span.stream.stage.name == stage)
    stream = earlier[index].stream
    counts = stream.mixture.counts(_samples_read(index, earlier))
    read = {source.name: (source, count) for source, count in zip(stream.sources, counts, strict=True)}
    source, count = read[name]
    return Origin(stage, source, stream.shape.chunk_length, count)
