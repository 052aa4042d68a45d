"""How a stage takes the place of the one before: little by little instead of at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from manifests.schema.base import Strict, Tokens


class Blend(Strict):
    """The steps at a stage's beginning that mix samples of the stage before with its own, in shares that go
    from all to none. Each sample keeps its stage's objective and mixture; a step begins with the batch of the
    stage before and ends with this stage's."""

    tokens: Annotated[Tokens, Field(ge=1)]
    """Tokens of the blend, those of both stages counted; they are the first of this stage's."""
    shape: Literal["linear", "cosine"] = "linear"
    """How the shares change over the steps: evenly, or slowly at both ends."""
    rates: Literal["interpolated", "switched"] = "interpolated"
    """Whether learning rate, betas and weight decay go over in the same shares, from the last ones of the
    stage before, or are this stage's from its first step on."""
