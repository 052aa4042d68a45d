"""The steps of one stage, with all that has happened in them: rollbacks, amendments, an early end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from curriculum.sample_stream import SampleStream
from curriculum.step_quotas import StepQuotas


@dataclass(frozen=True)
class Era:
    """What the manifest said of a stage from its step ``start`` on: ``stream`` is that of these settings
    alone, and ``steps`` how many the stage had in all by them, of which the learning rate depends."""

    start: int
    stream: SampleStream
    steps: int


@dataclass(frozen=True)
class Span:
    """The global steps ``first .. first + steps - 1`` of one stage: ``stream`` is its own objective's
    samples, ``quotas`` says how many of whose come in each step. ``skips`` are pairs (stage step, samples
    skipped from it on, by stage), ``eras`` the settings, oldest first."""

    stream: SampleStream
    quotas: StepQuotas
    first: int
    steps: int
    eras: tuple[Era, ...]
    skips: tuple[tuple[int, Mapping[int, int]], ...] = ((0, MappingProxyType({})),)

    @classmethod
    def planned(cls, stream: SampleStream, quotas: StepQuotas, first: int) -> Span:
        """That of a stage that begins at global step ``first``, before anything has happened."""
        return cls(stream, quotas, first, quotas.steps, (Era(0, stream, quotas.steps),))

    @property
    def begun(self) -> bool:
        """Whether a step of it was made that went back to its beginning."""
        return bool(self.skips[-1][1])

    @property
    def end(self) -> int:
        """The first global step after the stage."""
        return self.first + self.steps

    def era(self, step: int) -> Era:
        """What held at the stage's step ``step``."""
        return next(era for era in reversed(self.eras) if era.start <= max(step, 0))

    def read(self, step: int) -> dict[int, int]:
        """Samples that were read before the stage's step ``step``, those lost to rollbacks included, by
        stage whose objective made examples of them."""
        skipped = next(skipped for start, skipped in reversed(self.skips) if start <= step)
        return {stage: count + skipped.get(stage, 0) for stage, count in self.quotas.counts(step).items()}

    def ended(self, step: int) -> Span:
        """The same span with no steps from the stage's step ``step`` on; what was to hold from there on
        never does."""
        kept = self._eras_before(max(step, 1))
        stream = kept[-1].stream.after(self.stream, self.read(step)[self.quotas.own])
        return replace(self, steps=step, eras=kept, stream=stream)

    def rolled_back(self, start: int, stop: int) -> Span:
        """The same span after the weights went back from before the stage's step ``stop`` to before
        ``start``: the steps from there on read the samples that follow, in the mixture of their era. Where a
        set is used up sooner, so that there are fewer of them, the learning rate knows from there on."""
        lost, read = self.read(stop), self.quotas.counts(start)
        skipped = {stage: count - read[stage] for stage, count in lost.items()}
        kept = tuple(skip for skip in self.skips if skip[0] < start)
        span = replace(self, skips=(*kept, (start, skipped)))
        for era in self.eras[self.eras.index(self.era(start)) :]:
            place = span.read(max(start, era.start))[self.quotas.own]
            span = replace(span, stream=era.stream.after(span.stream, place))
        return span._limited(start)._of_its_steps(start)

    def amended(self, step: int, stream: SampleStream, quotas: StepQuotas) -> Span:
        """The same span before the stage's step ``step``, and from there on that of other settings, whose
        ``stream`` is theirs alone."""
        longer = replace(
            self,
            stream=stream.after(self.stream, self.read(step)[quotas.own]),
            quotas=quotas,
            steps=quotas.steps,
        )
        span = longer._limited(step)
        return replace(span, eras=(*self._eras_before(step), Era(step, stream, span.steps)))

    def _limited(self, made: int) -> Span:
        """The same span, which ends where a set of its stage is used up, if that ends it; ``made`` steps have
        been made."""
        if self.stream.most is None:
            return self
        skipped = self.skips[-1][1].get(self.quotas.own, 0)
        quotas = replace(self.quotas, most=self.stream.most - skipped, made=made)
        return replace(self, quotas=quotas, steps=min(self.steps, quotas.steps))

    def _of_its_steps(self, start: int) -> Span:
        """The same span, where a used up set ends it, with the learning rate of as many steps from the
        stage's step ``start`` on."""
        last = self.eras[-1]
        if self.stream.most is None or last.steps == self.steps:
            return self
        begins = max(start, next(era.start for era in self.eras if era.stream is last.stream))
        return replace(self, eras=(*self._eras_before(begins), Era(begins, last.stream, self.steps)))

    def _eras_before(self, step: int) -> tuple[Era, ...]:
        return tuple(era for era in self.eras if era.start < step)
