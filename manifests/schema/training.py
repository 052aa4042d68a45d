"""The training manifest: what a finished training run was made from, and what came out."""

from __future__ import annotations

from typing import Literal

from manifests.schema.base import Strict


class CheckpointFile(Strict):
    """A checkpoint."""

    path: str
    """Its folder, relative to the manifest's."""
    sha256: str
    """The hash in its ``checkpoint.json``."""


class TrainingManifest(Strict):
    """``train/manifest.json``: written last and atomically; if it is there, the training is whole."""

    version: Literal[1] = 1
    """Version of the manifest's format."""
    kind: Literal["training"] = "training"
    """Tells a training manifest from the others."""
    fingerprint: str
    """Hash of the curriculum manifest and the shard manifest."""
    curriculum: str
    """The curriculum manifest, as JSON."""
    steps: int
    """Steps of the optimizer."""
    tokens: int
    """Corpus tokens read."""
    tokens_by_set: dict[str, int]
    """Corpus tokens read of each set."""
    heldout_losses: dict[str, dict[str, float]]
    """The last ones measured, in nats per target token, by stage (whose objective it was) and set."""
    checkpoint: CheckpointFile
    """The last checkpoint."""
