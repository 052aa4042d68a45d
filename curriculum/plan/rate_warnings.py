"""What looks wrong about the learning rates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from curriculum.curriculum import Curriculum
from curriculum.span import Span
from manifests.schema.optimization import LearningRate
from manifests.schema.plan import PlannedStage, PlanWarning

NEAR = 1.05
"""Times the minimum that count as having reached it."""
EARLY = 0.25
"""Share of a stage at the minimum that is worth a word."""
JUMP = 2.0
"""Times the rate before that a stage may begin with without a warm-up."""


def rate_warnings(curriculum: Curriculum, stages: Sequence[PlannedStage]) -> Iterator[PlanWarning]:
    """Those of all stages, in order."""
    before = None
    for span, planned in zip(curriculum.spans, stages, strict=True):
        stage = span.stream.stage
        if text := stage.warning_of(span.steps):
            yield PlanWarning(kind="warm-up", text=f"stage {stage.name}: {text}")
        yield from _minimum(stage.name, stage.learning_rate, span, planned)
        if before is not None and stage.blend is None:
            yield from _jump(stage.name, stage.learning_rate, before, planned)
        before = planned


def _minimum(name: str, settings: LearningRate, span: Span, planned: PlannedStage) -> Iterator[PlanWarning]:
    last, decay = planned.rates[2], settings.decay_steps or span.steps
    if settings.minimum is None or settings.schedule == "wsd":
        return
    if last > NEAR * settings.minimum:
        yield PlanWarning(
            kind="minimum-never",
            text=f"stage {name}: learning_rate.decay_steps ({decay:,}) is more than the stage's "
            f"{span.steps:,} steps: the rate ends at {last:.2g} and never reaches its minimum of "
            f"{settings.minimum:g}; leave decay_steps out, and it is the stage's",
        )
    elif decay < (1 - EARLY) * span.steps:
        yield PlanWarning(
            kind="minimum-early",
            text=f"stage {name}: the rate is at its minimum after {decay:,} of {span.steps:,} steps; leave "
            "decay_steps out, and it is the stage's",
        )


def _jump(
    name: str, settings: LearningRate, before: PlannedStage, planned: PlannedStage
) -> Iterator[PlanWarning]:
    last, first = before.rates[2], planned.rates[0]
    if not settings.warmup_steps and last and first > JUMP * last:
        yield PlanWarning(
            kind="rate-jump",
            text=f"stage {name} begins at a learning rate of {first:.2g}, {first / last:.1f} times the "
            f"{last:.2g} at which {before.name} ends, and without a warm-up: abrupt changes may destabilise "
            "a training; set learning_rate.warmup_steps, peak: previous, or a blend",
        )
