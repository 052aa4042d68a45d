"""Settings of the optimizer and of its learning rate."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import Strict
from manifests.schema.values import Positive, Rate


class LearningRate(Strict):
    """Linear warm-up, then a schedule. Steps are counted from the start of the stage, warm-up included."""

    schedule: Literal["cosine", "linear", "constant", "wsd"]
    """``cosine`` and ``linear`` go down to ``minimum`` at step ``decay_steps``, where they stay; ``constant``
    stays at ``peak``; ``wsd`` (warm-up, stable, decay; Hu et al. 2024, MiniCPM, section 4) stays there until
    the stage's last ``decay_steps`` steps, which go down linearly."""
    peak: Annotated[float, Field(gt=0)] | Literal["previous"]
    """The rate after the warm-up. ``previous`` goes on with the rate at which the stage before ended."""
    minimum: Rate | None = None
    """The rate at the end of the decay. A constant schedule has none."""
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Steps from 0 to ``peak``."""
    decay_steps: Positive | None = None
    """The step at which ``minimum`` is reached (the stage's last one, by default); for ``wsd``, how many
    steps the decay takes."""

    @model_validator(mode="after")
    def _consistent(self) -> LearningRate:
        if self.schedule == "constant":
            if self.minimum is not None or self.decay_steps is not None:
                raise ValueError("a constant schedule has no minimum and no decay_steps; remove them")
        elif self.minimum is None or (self.peak != "previous" and self.minimum > self.peak):
            raise ValueError(
                f"a {self.schedule} schedule needs a minimum of at most peak ({self.peak}); set minimum"
            )
        if self.schedule == "wsd" and self.decay_steps is None:
            raise ValueError(
                "a wsd schedule needs decay_steps, the number of steps at the stage's end in which the rate "
                "goes down; add it"
            )
        if self.schedule != "wsd" and self.decay_steps is not None and self.decay_steps <= self.warmup_steps:
            raise ValueError(
                f"decay_steps ({self.decay_steps}) must be greater than warmup_steps ({self.warmup_steps})"
            )
        if self.peak == "previous" and self.warmup_steps:
            raise ValueError(
                "peak: previous goes on where the stage before ended, without a warm-up; remove warmup_steps"
            )
        return self


class Optimizer(Strict):
    """AdamW (Loshchilov and Hutter 2019). The defaults are OpenBA's for its first two stages."""

    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (0.9, 0.95)
    """Decay of the means of gradient and squared gradient."""
    eps: Annotated[float, Field(gt=0)] = 1e-8
    """Added to the root of the squared gradient's mean."""
    weight_decay: Rate = 0.1
    """Decoupled weight decay, times the learning rate."""
    clip: Annotated[float, Field(gt=0)] = 1.0
    """The greatest norm of the gradient; a longer one is scaled down to it."""
