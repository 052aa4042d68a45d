"""What the stages compute: operations of all their examples, and how a step falls to so many processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from curriculum.curriculum import Curriculum
from curriculum.flops import example_flops, recomputed_flops
from curriculum.packing import pack, useful_share
from curriculum.plan.reading import Reads
from curriculum.plan.stage_examples import Lengths, StageExamples
from manifests.schema.model import ModelSettings

STEPS = 3
"""Of a stage whose samples are dealt out to processes; what is said of a step is their mean."""


@dataclass(frozen=True)
class Dealt:
    """A step of a stage on some number of processes: passes of each, and the part of their time in which none
    waits for another one."""

    micro_batches: int
    useful_share: float


@dataclass(frozen=True, eq=False)
class StageWork:
    """The span ``index`` of a curriculum, which reads ``reads``; ``examples`` by stage."""

    curriculum: Curriculum
    index: int
    reads: Reads
    examples: Sequence[StageExamples]
    model: ModelSettings
    vocabulary: int

    @cached_property
    def samples(self) -> int:
        """All of them."""
        return sum(count for *_, count in self.reads)

    @cached_property
    def flops(self) -> int:
        """Operations of forward and backward passes: each way to make an example is equally likely."""
        return round(self._sum(lambda one: example_flops(self.model, self.vocabulary, *one)))

    @cached_property
    def recomputed(self) -> int:
        """Operations that activation checkpointing does again."""
        return round(self._sum(lambda one: recomputed_flops(self.model, *one)))

    @cached_property
    def lengths(self) -> tuple[float, float]:
        """Tokens of an example in the encoder and in the decoder, on average."""
        source, target = (self._sum(partial(_side, side)) for side in (0, 1))
        return source / max(self.samples, 1), target / max(self.samples, 1)

    def _sum(self, measure: Callable[[Lengths], NDArray[np.int64]]) -> float:
        """Of a measure of examples over all samples."""
        total = 0.0
        for stage, source, count in self.reads:
            ways = self.examples[stage].ways(source.name)
            total += count * float(np.mean([np.mean(measure(way)) for way in ways]))
        return total

    @cached_property
    def _steps(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Operations and tokens of each sample of some steps, the first and others."""
        span = self.curriculum.spans[self.index]
        chosen = (
            sorted({span.first + step * span.steps // STEPS for step in range(STEPS)}) if span.steps else []
        )
        number = {one.stream.stage.name: place for place, one in enumerate(self.curriculum.spans)}
        found = []
        for step in chosen:
            parts = self.curriculum.step(step).parts
            lengths: Lengths = np.concatenate(
                [self.examples[number[part.stage]].drawn(part) for part in parts], axis=1
            )
            found.append((example_flops(self.model, self.vocabulary, *lengths), lengths.sum(axis=0)))
        return found

    @lru_cache(maxsize=64)  # noqa: B019 (a plan is made once)
    def dealt(self, ranks: int) -> Dealt:
        """Of such steps, on average; passes of the one that has most."""
        budget = self.curriculum.spans[self.index].stream.stage.micro_batch
        packs = [(costs, pack(costs, tokens, ranks, budget)) for costs, tokens in self._steps]
        return Dealt(
            max((len(packed[0]) for _, packed in packs), default=0),
            float(np.mean([useful_share(*one) for one in packs])) if packs else 1.0,
        )


def _side(side: int, lengths: Lengths) -> NDArray[np.int64]:
    own: NDArray[np.int64] = lengths[side]
    return own
