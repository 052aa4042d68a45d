"""The training manifest: what a finished training run was made from, and what came out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manifests.schema.base import Strict
from manifests.schema.initial import Origin


class CheckpointFile(Strict):
    """A checkpoint."""

    path: str
    """Its folder, relative to the manifest's."""
    sha256: str
    """The hash in its ``checkpoint.json``."""


class CutPairs(Strict):
    """Pairs of a set that a stage has no room for. They are read all the same: of a prompt the beginning and
    the end, of a target the beginning."""

    pairs: int
    """Pairs of the set."""
    prompts: int
    """Of them, with a prompt that is too long: its middle is cut out."""
    targets: int
    """With a target that is too long: its end is cut off, and no end of text is learnt from it."""
    tokens: int
    """Tokens that are cut out. None of them counts as read."""

    def describe(self, name: str) -> str:
        """In a line; ``name`` is the set's."""
        return (
            f"of the {self.pairs:,} pairs of {name}, {self.prompts:,} prompts are too long and lose their "
            f"middle, {self.targets:,} answers their end: {self.tokens:,} tokens are not read; raise source "
            "and target where they matter"
        )


class TrainingManifest(Strict):
    """``train/manifest.json``: written last and atomically; if it is there, the training is whole."""

    version: Literal[1] = 1
    """Version of the manifest's format."""
    kind: Literal["training"] = "training"
    """Tells a training manifest from the others."""
    fingerprint: str
    """Hash of the curriculum manifest, but for ``initial``, and of the shard manifest."""
    origin: Origin | None = Field(default=None, exclude_if=lambda value: value is None)
    """The weights that the training began from; new ones where there is none."""
    curriculum: str
    """The curriculum manifest, as JSON."""
    steps: int
    """Steps, those without an update included."""
    skipped_steps: int = Field(default=0, exclude_if=lambda value: not value)
    """Steps without an update, because their loss or gradient was not finite."""
    tokens: int
    """Corpus tokens read; what is cut out of pairs is not."""
    tokens_by_set: dict[str, int]
    """Corpus tokens read of each set."""
    cut_pairs: dict[str, dict[str, CutPairs]] = Field(default={}, exclude_if=lambda value: not value)
    """What stages of pairs have no room for, by stage and set; those that have room for all are left out."""
    heldout_losses: dict[str, dict[str, float]]
    """The last ones measured, in nats per target token, by stage (whose objective it was) and set."""
    checkpoint: CheckpointFile
    """The last checkpoint."""
