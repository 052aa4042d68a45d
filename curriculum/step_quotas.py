"""How many samples each objective gives to each step of a stage: its own all of them, or it takes the place
of the stage before little by little, or it is rehearsed beside another."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from curriculum.sample_stream import SampleStream
from manifests.schema.base import ManifestError
from manifests.schema.blend import Blend

UNIT = 1 << 32
"""Shares within a blend are whole numbers of this part, so that they add up exactly on every machine."""

Rates = Mapping[int, Fraction]
"""Samples in a step, on average, by stage whose objective makes examples of them."""


def steady_rates(index: int, streams: list[SampleStream]) -> dict[int, Fraction]:
    """Those of stage ``index`` when no blend is under way. What is rehearsed has its share of the tokens, so
    that a step has as many as without."""
    stage, stream = streams[index].stage, streams[index]
    number = {other.stage.name: place for place, other in enumerate(streams)}
    shares = {number[name]: Fraction(str(share)) for name, share in sorted(stage.rehearse.items())}
    tokens = stage.global_batch * stream.sample_tokens
    rates = {place: share * tokens / streams[place].sample_tokens for place, share in shares.items()}
    return rates | {index: stage.global_batch * (1 - sum(shares.values(), Fraction(0)))}


@dataclass(frozen=True)
class Pace:
    """What held from a stage's step ``start`` on: its ``rates``, and the tokens of a sample, by stage."""

    start: int
    rates: Rates
    tokens: Mapping[int, Fraction]

    @property
    def step_tokens(self) -> Fraction:
        """Tokens of a step."""
        return sum((rate * self.tokens[stage] for stage, rate in self.rates.items()), Fraction())


@dataclass(frozen=True)
class StepQuotas:
    """The samples of each step of a stage, by the stage whose objective makes examples of them.

    After any number of steps each count is what its rate makes, rounded down: exact to one sample at every
    prefix, across amendments too. Only the stage's own objective is rounded up at the end, so that its
    tokens are read.

    Attributes:
        own: index of the stage.
        rates: after the blend. ``before``: those of the stage before, of which the blend begins.
        tokens: of a sample, by stage. ``budget``: those that the stage reads in all.
        since: the step from which rates and tokens hold. ``earlier``: those before it, oldest first.
        made: steps that have been made, of which the samples stay as they are.
        most: own samples that there are, where a set of the stage is used up then.
    """

    own: int
    rates: Rates
    before: Rates
    tokens: Mapping[int, Fraction]
    budget: int
    blend: Blend | None
    since: int = 0
    earlier: tuple[Pace, ...] = ()
    made: int = 0
    most: int | None = None

    @cached_property
    def paces(self) -> tuple[Pace, ...]:
        """All rates so far, those that hold last."""
        return (*self.earlier, Pace(self.since, self.rates, self.tokens))

    @cached_property
    def blend_steps(self) -> int:
        """Steps of the blend: as many as read its tokens at the pace at which it began."""
        if self.blend is None:
            return 0
        first = self.paces[0]
        return math.ceil(2 * self.blend.tokens / (self._step_tokens_before + first.step_tokens))

    @cached_property
    def _arrived(self) -> NDArray[np.int64]:
        """Int64 [blend_steps + 1], in UNITs: the sum of the new stage's shares in the first steps."""
        middles = (np.arange(self.blend_steps) + 0.5) / max(self.blend_steps, 1)
        if self.blend is not None and self.blend.shape == "cosine":
            middles = (1 - np.cos(np.pi * middles)) / 2
        return np.concatenate([[0], np.cumsum(np.rint(middles * UNIT).astype(np.int64))])

    def share(self, step: int) -> Fraction:
        """The new stage's part of a step: 1 after the blend."""
        if step >= self.blend_steps:
            return Fraction(1)
        return Fraction(int(self._arrived[step + 1] - self._arrived[step]), UNIT)

    def rate_share(self, step: int) -> float:
        """The new stage's part of learning rate, betas and weight decay."""
        return 1.0 if self.blend is None or self.blend.rates == "switched" else float(self.share(step))

    @cached_property
    def end(self) -> Fraction:
        """When the stage's tokens are read, or a set is used up, in steps."""
        steady = max(self.blend_steps, self.since, self.made)
        left = max(Fraction(), self.budget - self.tokens_read(steady)) / self.paces[-1].step_tokens
        if self.most is None:
            return steady + left
        own = self.most - self._at(Fraction(steady))[self.own]
        if own >= 0:
            return steady + min(left, own / self.rates[self.own])
        steps = range(self.made, steady)
        kept = bisect_right(steps, Fraction(self.most), key=lambda step: self._at(Fraction(step))[self.own])
        return Fraction(max(self.made + kept - 1, self.made))

    @cached_property
    def steps(self) -> int:
        """Steps of the stage; the last one may be a part of one."""
        return math.ceil(self.end)

    def counts(self, steps: int) -> dict[int, int]:
        """Samples of the first ``steps`` steps, by stage."""
        if steps < self.steps or steps <= self.made:
            return {stage: math.floor(count) for stage, count in self._at(Fraction(steps)).items()}
        last = self._at(self.end)
        return {stage: math.floor(count) for stage, count in last.items()} | {
            self.own: math.ceil(last[self.own])
        }

    def part(self, step: int) -> float:
        """How much of a step there is: 1, but for the last one."""
        if step < max(self.steps - 1, self.made):
            return 1.0
        last, before = (sum(self.counts(steps).values()) for steps in (self.steps, self.steps - 1))
        return min(1.0, float((last - before) / sum(self.rates.values(), Fraction())))

    def tokens_read(self, steps: int) -> Fraction:
        """Tokens of the first ``steps`` steps, samples not yet rounded."""
        time = Fraction(steps)
        own = sum((arrived * pace.step_tokens for pace, arrived in self._spells(time)), Fraction())
        return own + self._step_tokens_before * (time - self._new(time))

    def _at(self, time: Fraction) -> dict[int, Fraction]:
        """Samples until a time in steps, which within the blend is a whole number."""
        left = time - self._new(time)
        found = {stage: rate * left for stage, rate in self.before.items()}
        for pace, arrived in self._spells(time):
            for stage, rate in pace.rates.items():
                found[stage] = found.get(stage, Fraction()) + rate * arrived
        return dict(sorted(found.items()))

    def _spells(self, time: Fraction) -> Iterator[tuple[Pace, Fraction]]:
        """Each pace until a time, and for how many steps it held, a step of a blend being a part of one."""
        ends = [*(Fraction(pace.start) for pace in self.paces[1:]), time]
        for pace, end in zip(self.paces, ends, strict=True):
            yield pace, self._new(min(end, time)) - self._new(min(Fraction(pace.start), time))

    def _new(self, time: Fraction) -> Fraction:
        """The sum of the stage's own shares in the steps until a time."""
        whole = min(int(time), self.blend_steps)
        return Fraction(int(self._arrived[whole]), UNIT) + max(Fraction(), time - self.blend_steps)

    @property
    def _step_tokens_before(self) -> Fraction:
        return Pace(0, self.before, self.paces[0].tokens).step_tokens


def step_quotas(index: int, streams: list[SampleStream]) -> StepQuotas:
    """Those of stage ``index``.

    Raises:
        ManifestError: steps would be without a sample, or ``micro_batch`` has no room for an example.
    """
    before = steady_rates(index - 1, streams) if streams[index].stage.blend else {}
    rates, tokens = _pace(index, streams, before)
    stage, most = streams[index].stage, streams[index].most
    return StepQuotas(index, rates, before, tokens, stage.tokens, stage.blend, most=most)


def amended_quotas(index: int, streams: list[SampleStream], earlier: StepQuotas, since: int) -> StepQuotas:
    """Those of stage ``index``, whose ``earlier`` ones hold before its step ``since``.

    Raises:
        ManifestError: see step_quotas; or fewer tokens are asked for than have been read.
    """
    stage, read = streams[index].stage, math.ceil(earlier.tokens_read(since))
    if stage.tokens < read:
        raise ManifestError(
            f"stage {stage.name}: tokens is {stage.tokens:,}, and the stage has read {read:,} by now; set it "
            "to that or more (openba switch --next ends the stage)"
        )
    rates, tokens = _pace(index, streams, earlier.before)
    paces = tuple(pace for pace in earlier.paces if pace.start < since)
    return replace(
        earlier,
        rates=rates,
        tokens=tokens,
        budget=stage.tokens,
        since=since,
        earlier=paces,
        made=since,
        most=None,
    )


def _pace(
    index: int, streams: list[SampleStream], before: Rates
) -> tuple[dict[int, Fraction], dict[int, Fraction]]:
    """The stage's rates, and the tokens of a sample, by stage."""
    rates = steady_rates(index, streams)
    tokens = {place: streams[place].sample_tokens for place in {*rates, *before}}
    _check_room(index, streams, tokens)
    fewest = min(sum(each.values(), Fraction()) for each in (rates, before) if each)
    if fewest < len(tokens):
        raise ManifestError(
            f"stage {streams[index].stage.name}: {len(tokens)} stages share a step of {float(fewest):g} "
            "samples, and some steps would have none; raise global_batch"
        )
    return rates, tokens


def _check_room(index: int, streams: list[SampleStream], parts: Iterable[int]) -> None:
    stage = streams[index].stage
    try:
        for part in sorted(parts, key=lambda part: part != index):
            stage.check_micro_batch(streams[part].shape.longest)
    except ValueError as error:
        raise ManifestError(f"stage {stage.name}: {error}") from None
