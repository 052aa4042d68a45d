"""The curriculum manifest: the model, and the stages of its training. Which sample comes at which step
follows from it alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from manifests.schema.base import Strict
from manifests.schema.continued import continued_sets
from manifests.schema.initial import Initial
from manifests.schema.lora import Lora
from manifests.schema.model import ModelSettings
from manifests.schema.objectives import UL2Objective
from manifests.schema.stage import Stage
from manifests.schema.train_settings import TrainSettings
from manifests.schema.until import heldout_of, is_builtin
from manifests.schema.values import Name


class CurriculumManifest(Strict):
    """Everything that decides a training run, given the shards. Same manifest and same shards: same samples
    at every step."""

    version: Literal[1]
    """Version of the manifest's format."""
    kind: Literal["curriculum"]
    """Tells a curriculum manifest from the others."""
    name: Name
    """The curriculum's name, in the report."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Seed of the weights and of everything that is drawn: order of samples, denoisers, spans, dropout."""
    model: ModelSettings
    """The model's size and form."""
    initial: Initial | None = Field(default=None, exclude_if=lambda value: value is None)
    """What the training begins from; without it, from new weights, drawn from the seed."""
    lora: Lora | None = Field(default=None, exclude_if=lambda value: value is None)
    """Trains low-rank factors beside the weights that the training begins from, instead of the weights."""
    train: TrainSettings = TrainSettings()
    """Settings of the training run itself."""
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    """The stages, in order; names differ."""

    @field_validator("stages")
    @classmethod
    def _names_differ(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        names = [stage.name for stage in stages]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"two stages are called {twice[0]!r}; rename one: the name selects the stage's samples"
            )
        if stages[0].learning_rate.peak == "previous":
            raise ValueError(
                f"stage {stages[0].name!r} is the first: there is no rate before it to continue; give "
                "learning_rate.peak a number"
            )
        return stages

    @field_validator("stages")
    @classmethod
    def _come_after(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        if stages[0].blend:
            raise ValueError(
                f"stage {stages[0].name!r} is the first: there is none before it to blend from; remove blend"
            )
        for index, stage in enumerate(stages):
            earlier = [other.name for other in stages[:index]]
            unknown = sorted(set(stage.rehearse) - set(earlier))
            if unknown:
                raise ValueError(
                    f"stage {stage.name!r} rehearses {unknown[0]!r}, which is none of the stages before it "
                    f"({', '.join(earlier) or 'there are none'}); remove it"
                )
        return stages

    @field_validator("stages")
    @classmethod
    def _read_on(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        taken: dict[tuple[str, str], str] = {}
        for index, stage in enumerate(stages):
            for name, origin in continued_sets(stage, stages[:index]).items():
                before = taken.setdefault((origin, name), stage.name)
                if before != stage.name:
                    raise ValueError(
                        f"stages {before!r} and {stage.name!r} both continue {name!r} from {origin!r} and "
                        f"would read the same; let {stage.name!r} continue from {before!r}"
                    )
                again = [other.name for other in stages[index:] if origin in other.rehearse]
                if again:
                    raise ValueError(
                        f"stage {stage.name!r} continues from {origin!r}, which {again[0]!r} rehearses: both "
                        "would read the same; remove one of them"
                    )
        return stages

    @model_validator(mode="after")
    def _judged(self) -> CurriculumManifest:
        waiting = [stage.name for stage in self.stages if stage.until]
        if waiting and self.train.evaluate_every is None:
            raise ValueError(
                f"stage {waiting[0]!r} has until, which is judged after evaluations; set train.evaluate_every"
            )
        for stage in self.stages:
            for metric in filter(is_builtin, stage.until.metrics if stage.until else ()):
                self._check_metric(stage, metric)
        return self

    def _check_metric(self, stage: Stage, metric: str) -> None:
        name, wanted = heldout_of(metric, stage.name)
        other = {one.name: one for one in self.stages}.get(name)
        sets = other.sets if other else ()
        if metric.count("/") > 2 or other is None or wanted not in (None, *sets):
            there = (
                f"the stages are {', '.join(one.name for one in self.stages)}"
                if other is None
                else f"{other.name} has the sets {', '.join(sets)}"
            )
            raise ValueError(
                f"stage {stage.name!r}: until: there is no metric {metric!r}: it is heldout, heldout/SET or "
                f"heldout/STAGE/SET, and {there}"
            )

    @model_validator(mode="after")
    def _adaptable(self) -> CurriculumManifest:
        if self.lora and self.train.zero > 2:
            raise ValueError(
                "lora keeps its frozen weights whole in each process; set train.zero to 2 or less"
            )
        if self.lora and self.initial and self.initial.moments == "kept":
            raise ValueError("lora trains factors that are new; set initial.moments to fresh")
        return self

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is valid, but hardly meant; a line each."""
        return tuple(
            f"stages[{index}].{warning}"
            for index, stage in enumerate(self.stages)
            for warning in _warnings(stage)
        )


def _warnings(stage: Stage) -> Iterator[str]:
    if isinstance(stage.objective, UL2Objective):
        yield from (f"objective: {warning}" for warning in stage.objective.warnings)
    if stage.steps is not None and (warning := stage.warning_of(stage.steps)):
        yield warning
