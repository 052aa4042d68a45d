"""How a training runs, and when it has gone wrong."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import Strict
from manifests.schema.training_plugins import Reference
from manifests.schema.values import Positive


class GuardSettings(Strict):
    """When a training has gone wrong: spikes in a row or again and again, a slow rise of the loss, a stage
    that ends on either, or steps whose loss or gradient is not finite again and again.

    The weights then go back to the last checkpoint, and the samples read since are skipped. A single step
    that is not finite makes no update, and that is all.
    """

    window: Annotated[int, Field(ge=8)] = 64
    """The stage's last losses that the next are held against; the first ones are held against the held-out
    loss before the stage, or what a model with new weights loses."""
    spike: Annotated[float, Field(gt=0)] = 6.0
    """A loss is a spike when it is more than so many robust standard deviations above the usual ones, or as
    much below (collapse)."""
    patience: Positive = 3
    """Spikes in a row before the training goes back: a single bad batch is no reason. Spikes that come again
    count for as much, if more than an eighth of the steps are; so does a rise that adds up to as many."""
    rollbacks: Annotated[int, Field(ge=0)] = 3
    """How often a run may go back; once more is an error."""


class TrainSettings(Strict):
    """How the training runs."""

    precision: Literal["fp32", "bf16"] = "fp32"
    """Of products; ``bf16`` needs ``zero`` 1 or more, which keeps fp32 weights. Gradients are always added up
    in fp32, over micro batches and over processes."""
    zero: Literal[0, 1, 2, 3] = 1
    """ZeRO (Rajbhandari et al. 2020): what is spread over the processes. 1: the optimizer's state; 2:
    gradients, too; 3: weights, too. With ``bf16``, 1 works as 2."""
    offload: Literal["none", "optimizer", "all"] = "none"
    """Keeps the optimizer's state (``zero`` 1 or more), or ``all`` of it with the weights (``zero`` 3), in
    the host's memory (Ren et al. 2021, ZeRO-Offload)."""
    threads: Positive = 2
    """Threads of a process. Fixed here, because results depend on it in the last bits."""
    checkpoint_every: Positive = 1000
    """Steps between checkpoints; one is also written at the end of each stage."""
    keep: Positive = 2
    """Checkpoints that stay, the newest ones; so does the stage's best one by held-out loss."""
    ema: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, exclude_if=lambda value: value is None
    )
    """Decay of an exponential moving average of the weights (Polyak and Juditsky 1992), such as 0.9999, which
    checkpoints then hold too: ``evaluate``, ``generate`` and ``export`` take it with ``--average``. Each
    process averages its slices in fp32. Training is the same with it and without."""
    evaluation_samples: Positive = 64
    """Samples read of each held-out set, before the first step and after each stage."""
    evaluate_every: Positive | None = None
    """Steps between further held-out losses, where they are wanted."""
    guard: GuardSettings = GuardSettings()
    """When a training has gone wrong."""
    callbacks: tuple[Reference, ...] = Field(default=(), exclude_if=lambda value: not value)
    """Loggers and the like that are told of the training (see trainer.monitor.callbacks): ``module:name`` of
    a module beside the manifest or installed, or names of entry points in ``openba.callbacks``."""
    recompute: bool = False
    """Computes each layer's activations again in the backward pass instead of keeping them (activation
    checkpointing, Chen et al. 2016): the same losses from far less memory, for about a third more time."""

    @model_validator(mode="after")
    def _accurate(self) -> TrainSettings:
        if self.precision == "bf16" and self.zero == 0:
            raise ValueError("bf16 without ZeRO keeps no fp32 weights and drifts; set zero to 1 or more")
        least = {"none": 0, "optimizer": 1, "all": 3}[self.offload]
        if self.zero < least:
            raise ValueError(f"offload: {self.offload} needs ZeRO {least} or more; set zero")
        return self
