"""Points of the curves that a plan shows: learning rates over the steps, shares of the sets over the
tokens."""

from __future__ import annotations

import numpy as np

from curriculum.curriculum import Curriculum
from curriculum.sample_stream import SampleStream
from curriculum.span import Span

POINTS = 40
"""Of each stage."""

Rates = list[tuple[int, float]]
Mixture = list[tuple[int, dict[str, float]]]


def curves(curriculum: Curriculum) -> tuple[Rates, Mixture]:
    """What the curriculum says of POINTS steps of each stage, its first and last among them; the end of a
    warm-up, too. Mixtures are those of the steps' own samples."""
    rates: Rates = []
    mixture: Mixture = []
    before = 0.0
    for span in curriculum.spans:
        for within in _chosen(span):
            plan = curriculum.step(span.first + within)
            rates.append((span.first + within, plan.learning_rate))
            read: dict[str, float] = {}
            for part in plan.parts:
                stream = _stream(curriculum, part.stage)
                counts = np.bincount(part.samples.set_index, minlength=len(part.sets)).tolist()
                for source, count in zip(stream.sources, counts, strict=True):
                    read[source.name] = read.get(source.name, 0.0) + float(count * source.sample_tokens)
            total = sum(read.values()) or 1
            tokens = before + _tokens(span, within)
            mixture.append((round(tokens), {name: share / total for name, share in sorted(read.items())}))
        before += _tokens(span, span.steps)
    return rates, mixture


def _chosen(span: Span) -> list[int]:
    if not span.steps:
        return []
    spread = np.linspace(0, span.steps - 1, POINTS).astype(int).tolist()
    warm = span.stream.stage.learning_rate.warmup_steps - 1
    return sorted({*spread, *([warm] if 0 <= warm < span.steps else [])})


def _stream(curriculum: Curriculum, stage: str) -> SampleStream:
    return next(span.stream for span in curriculum.spans if span.stream.stage.name == stage)


def _tokens(span: Span, steps: int) -> float:
    counts = span.quotas.counts(steps)
    return float(sum(count * span.quotas.tokens[stage] for stage, count in counts.items()))
