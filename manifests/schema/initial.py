"""What a training begins from, where its weights are not new."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from manifests.schema.base import Strict

Moments = Literal["fresh", "kept"]


class Initial(Strict):
    """The weights that a training begins from (fine-tuning, continued pre-training). They are read once: the
    run writes them as its first checkpoint, notes their hashes, and goes on from its own checkpoints."""

    weights: Annotated[str, Field(min_length=1)]
    """A folder, its path starting at the manifest's: an export (ours, or of the released layout), a
    checkpoint (``runs/one/train/checkpoints/step-000001000``), or a run, whose newest checkpoint it is then.
    Its model and tokenizer must be the curriculum's; dropout may differ. ``openba train --from`` names
    another one."""
    moments: Moments = "fresh"
    """AdamW's moments: ``fresh`` ones, which other data wants with a warm-up; or those ``kept`` in a
    checkpoint, so that the same training goes on (an export has none)."""


class Origin(Strict):
    """The weights that a training began from, as they were."""

    path: str
    """The folder, as it was given."""
    files: dict[str, str]
    """SHA-256 of each file that was read, by name."""
    dtypes: list[str]
    """The types of the weights there."""
    moments: Moments
    """Whether AdamW's moments were fresh or kept."""
    step: int | None = Field(default=None, exclude_if=lambda value: value is None)
    """The step of the checkpoint that it was; an export has none."""
