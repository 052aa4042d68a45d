"""Where a curriculum reads a row: the inverse of ``step(k)``, without going through the steps."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter

from curriculum.curriculum import Curriculum
from curriculum.sample_stream import SampleStream
from curriculum.span import Span


def steps_that_read(curriculum: Curriculum, stage: int, name: str, row: int) -> list[int]:
    """The global steps whose samples of the objective of stage ``stage`` hold the row ``row`` of set
    ``name``: one in each epoch that was read so far; none where a rollback skipped it.

    Raises:
        KeyError: the stage does not read such a set.
    """
    stream = curriculum.spans[stage].stream
    source = {one.name: index for index, one in enumerate(stream.sources)}[name]
    total = sum((Counter(span.read(span.steps)) for span in curriculum.spans), Counter[int]())[stage]
    read = stream.mixture.counts(total)[source]
    samples = [_sample(stream, source, number) for number in stream.sources[source].numbers_of(row, read)]
    steps = (_step(curriculum, stage, sample) for sample in samples)
    return sorted(step for step in steps if step is not None)


def _sample(stream: SampleStream, source: int, number: int) -> int:
    """The number among all samples of the stream of a source's sample."""
    high = 1
    while stream.mixture.counts(high)[source] <= number:
        high *= 2
    return bisect_right(range(high), number, key=lambda samples: stream.mixture.counts(samples + 1)[source])


def _step(curriculum: Curriculum, stage: int, sample: int) -> int | None:
    """The global step that a sample of a stage's objective is in."""
    before = 0
    for span in curriculum.spans:
        here = span.read(span.steps).get(stage, 0)
        if sample < before + here:
            return _step_within(span, stage, sample - before)
        before += here
    return None


def _step_within(span: Span, stage: int, sample: int) -> int | None:
    step = bisect_right(range(span.steps), sample, key=lambda step: span.read(step)[stage]) - 1
    if step < 0:  # skipped by a rollback to the stage's first step
        return None
    drawn = span.quotas.counts(step + 1)[stage] - span.quotas.counts(step)[stage]
    return span.first + step if sample < span.read(step)[stage] + drawn else None
