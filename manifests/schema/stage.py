"""One stage of a training."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from manifests.schema.base import Strict, Tokens
from manifests.schema.blend import Blend
from manifests.schema.mixture import Mixture, check_mixture, sets_of
from manifests.schema.objectives import InstructionObjective, Objective, PrefixObjective, UL2Objective
from manifests.schema.optimization import LearningRate, Optimizer
from manifests.schema.until import Until
from manifests.schema.values import Name, Positive, Rate


class Stage(Strict):
    """One stage of training."""

    name: Name
    """The stage's name; it selects the stage's samples, so that another name draws others."""
    objective: Objective
    """What is trained."""
    mixture: Mixture
    """Each set's share of the tokens; adds up to 1. Sets are those of the shards: ``en``, ``zh``, ``code``,
    and ``biflan_en``, ``biflan_zh`` of pairs. Or a list of points between which the shares change; or a
    temperature, by which they follow from the sets' sizes."""
    tokens: Annotated[Tokens, Field(ge=1)]
    """Tokens that the stage reads before it ends, those of a blend and of what it rehearses among them."""
    global_batch: Positive
    """Sequences of a step, over all processes."""
    micro_batch: Positive
    """Tokens that a process computes at a time, at most, those of encoder and decoder together. It bounds
    memory; the loss does not depend on it. At least the longest example."""
    learning_rate: LearningRate
    """The learning rate."""
    optimizer: Optimizer = Optimizer()
    """The optimizer."""
    z_loss: Rate = Field(default=0.0, exclude_if=lambda value: not value)
    """Adds so many times the squared logarithm of the softmax's normaliser to each target token's loss
    (Chowdhery et al. 2022, PaLM, section 5: 1e-4), which keeps logits from growing without end; 0 adds
    nothing. ``metrics.jsonl`` has it apart as ``z_loss``: ``loss``, the guard's and held-out losses stay
    cross-entropy."""
    max_epochs: dict[Name, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """How often a set may be read within the stage: 1 where it is not named."""
    max_tokens: dict[Name, Annotated[Tokens, Field(ge=1)]] = Field(
        default_factory=dict, exclude_if=lambda value: not value
    )
    """How many tokens of a set may be read within the stage, beside ``max_epochs``: whichever is reached
    first."""
    used_up: Literal["stop", "repeat", "others"] | None = Field(
        default=None, exclude_if=lambda value: value is None
    )
    """What happens where a set has been read as often as it may be: ``stop`` ends the stage there, ``repeat``
    reads the set on, epoch after epoch, and ``others`` gives its share to the other sets, in proportion to
    theirs. Without it, a stage in which that would happen is refused."""
    continue_from: Name | dict[Name, Name] | None = Field(
        default=None, exclude_if=lambda value: value is None
    )
    """An earlier stage whose sets the stage reads on from where that one stopped, in its order, so that it
    reads text that the earlier one has not read: ``ul2``, or for some sets ``{zh: ul2}``. ``max_epochs``
    counts what the earlier one has read, too. The earlier stage's chunks must be as long as this one's, or a
    multiple, or it must say ``leave_whole``. Without it, a stage reads each set in an order of its own."""
    leave_whole: Positive | None = Field(default=None, exclude_if=lambda value: value is None)
    """The chunk length of a later stage that continues from this one, where its chunks are longer: what is
    left between shuffled chunks would be in pieces too short for it. Instead, blocks that both lengths divide
    are read in up to 256 windows of random blocks, one after the other, with each window's chunks shuffled.
    The later stage begins with the first window that has not been read from."""
    blend: Blend | None = Field(default=None, exclude_if=lambda value: value is None)
    """How the stage takes the place of the one before; without it, at once."""
    rehearse: dict[Name, Annotated[float, Field(gt=0, lt=1)]] = Field(
        default_factory=dict, exclude_if=lambda value: not value
    )
    """Earlier stages of which samples are mixed in to the stage's end, so that what they taught is not
    forgotten (Robins 1995), each with its share of the tokens: ``{ul2: 0.05}``. They come from where that
    stage stopped reading, with its objective, mixture and ``max_epochs``."""
    moments: Literal["kept", "fresh"] = Field(default="kept", exclude_if=lambda value: value == "kept")
    """AdamW's moments at the stage's first step: kept from the stage before, or made anew as in the released
    scripts, which begin each stage as a training of its own."""
    until: Until | None = Field(default=None, exclude_if=lambda value: value is None)
    """What may end the stage before its tokens are read."""

    @property
    def steps(self) -> int | None:
        """Steps of the optimizer; None where the shards decide, since samples are pairs or a plug-in's, other
        stages have a part in them, or a set may be used up."""
        if (
            self.blend
            or self.rehearse
            or self.used_up == "stop"
            or not isinstance(self.objective, UL2Objective | PrefixObjective)
        ):
            return None
        return math.ceil(math.ceil(Fraction(self.tokens, self.objective.chunk)) / self.global_batch)

    def warning_of(self, steps: int) -> str | None:
        """What is valid, but hardly meant, where the stage has so many steps."""
        warmup = self.learning_rate.warmup_steps
        if warmup <= steps:
            return None
        return (
            f"learning_rate.warmup_steps ({warmup:,}) is more than the stage's {steps:,} steps, so that the "
            f"rate ends at {steps / warmup:.2g} of its peak; lower it"
        )

    def check_micro_batch(self, longest: tuple[int, int]) -> None:
        """Refuses a ``micro_batch`` without room for an example of the greatest lengths, in the encoder and
        in the decoder: also one that counts sequences, as it once did.

        Raises:
            ValueError: the message says what to set.
        """
        tokens = sum(longest)
        if self.micro_batch < tokens:
            raise ValueError(
                f"micro_batch is {self.micro_batch:,} tokens, not sequences, and an example may have "
                f"{longest[0]:,} in the encoder and {longest[1]:,} in the decoder; set it to {tokens:,} or "
                f"more (for {self.micro_batch:,} such sequences, {self.micro_batch * tokens:,})"
            )

    @property
    def sets(self) -> tuple[str, ...]:
        """The names of the sets of its mixture, in order."""
        return sets_of(self.mixture)

    @field_validator("mixture")
    @classmethod
    def _mixes(cls, mixture: Mixture) -> Mixture:
        check_mixture(mixture)
        return mixture

    @model_validator(mode="after")
    def _shared(self) -> Stage:
        if self.blend and self.blend.tokens > self.tokens:
            raise ValueError(
                f"the blend has {self.blend.tokens:,} tokens, and the whole stage {self.tokens:,}; lower "
                "blend.tokens"
            )
        rehearsed = sum(self.rehearse.values())
        if rehearsed >= 1:
            raise ValueError(
                f"the shares of rehearse add up to {rehearsed:g}, and leave the stage nothing; lower them"
            )
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Stage:
        if self.leave_whole and isinstance(self.objective, InstructionObjective):
            raise ValueError("pairs are always read whole; remove leave_whole")
        named: dict[str, Iterable[str]] = {"max_epochs": self.max_epochs, "max_tokens": self.max_tokens}
        if isinstance(self.continue_from, dict):
            named["continue_from"] = self.continue_from
        for key, names in named.items():
            unknown = sorted(set(names) - set(self.sets))
            if unknown:
                raise ValueError(
                    f"{key} names {unknown[0]!r}, which is not in the mixture ({', '.join(self.sets)}); "
                    "remove it"
                )
        return self
