"""The training manifest: what a finished training run was made from, and what came out."""

from __future__ import annotations

from typing import Literal

from manifests.schema.base import Strict


class CheckpointFile(Strict):
    """A checkpoint folder, relative to the manifest's, and the hash in its ``checkpoint.json``."""

    path: str
    sha256: str


class TrainingManifest(Strict):
    """``train/manifest.json``: written last and atomically; where it stands, the training is whole.

    ``fingerprint`` is the hash of the curriculum manifest and the shard manifest. ``tokens`` counts corpus
    tokens read; ``heldout_losses`` are the last ones measured, in nats per target token, by stage (whose
    objective it was) and set.
    """

    version: Literal[1] = 1
    kind: Literal["training"] = "training"
    fingerprint: str
    curriculum: str
    steps: int
    tokens: int
    tokens_by_set: dict[str, int]
    heldout_losses: dict[str, dict[str, float]]
    checkpoint: CheckpointFile
