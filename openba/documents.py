"""The documents that a step kept or rejected, as Arrow datasets."""

from __future__ import annotations

from pathlib import Path

import pyarrow.dataset as ds

from manifests.errors import UserError
from manifests.files import safe_join
from manifests.schema.base import load
from manifests.schema.steps import StepManifest


def kept(run: str | Path, step: str) -> ds.Dataset:
    """The documents that a step kept, in their order, with the columns that it knows.

    Raises:
        UserError: the step has not been run.
        ManifestError: its manifest is not valid.
    """
    folder, manifest = _finished(run, step)
    return _dataset([safe_join(folder, part.kept.path) for part in manifest.parts])


def rejected(run: str | Path, step: str) -> ds.Dataset:
    """The documents that a step rejected, each with ``step``, ``reason`` and ``detail``.

    Raises:
        UserError: the step has not been run.
        ManifestError: its manifest is not valid.
    """
    folder, manifest = _finished(run, step)
    return _dataset([safe_join(folder, part.rejected.path) for part in manifest.parts])


def _finished(run: str | Path, step: str) -> tuple[Path, StepManifest]:
    folder = Path(run) / step
    if not (folder / "manifest.json").exists():
        raise UserError(f"the step {step} has not been run", where=folder, fix="run it, or `openba corpus`")
    return folder, load(folder / "manifest.json", StepManifest)


def _dataset(files: list[Path]) -> ds.Dataset:
    return ds.dataset([str(file) for file in files], format="ipc")
