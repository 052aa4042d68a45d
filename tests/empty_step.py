"""A step that left no documents, for tests of what is found in a run folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from manifests.files import write_json
from manifests.schema.steps import File, StepManifest


def leave(run: Path, step: str, before: str, artifacts: Mapping[str, Sequence[File]] | None = None) -> None:
    """Writes the manifest of a step without documents, which left these artifacts."""
    left = artifacts or {}
    manifest = StepManifest(
        step=step,
        step_version=1,
        fingerprint="",
        input_step=before,
        input_sha256="",
        settings={},
        documents_in=0,
        documents_kept=0,
        counts=(),
        metrics={},
        parts=(),
        files=tuple(file for files in left.values() for file in files),
        artifacts={name: tuple(file.path for file in files) for name, files in left.items()},
    )
    write_json(run / step / "manifest.json", manifest.model_dump(mode="json"))
