"""The documents that a step kept or rejected, as Arrow datasets."""

from __future__ import annotations

from pathlib import Path

import pyarrow.dataset as ds

from manifests.errors import UserError
from manifests.files import safe_join
from manifests.run_folder import run_folder
from manifests.schema.base import load
from manifests.schema.steps import StepManifest
from manifests.store.store_path import StorePath
from manifests.store.system import system_of


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
    folder = run_folder(run) / step
    if not (folder / "manifest.json").exists():
        raise UserError(f"the step {step} has not been run", where=folder, fix="run it, or `openba corpus`")
    return folder, load(folder / "manifest.json", StepManifest)


def _dataset(files: list[Path]) -> ds.Dataset:
    """Of objects only what is asked for is read, by ranges."""
    system = system_of(str(files[0]))[0] if files and isinstance(files[0], StorePath) else None
    return ds.dataset([str(file) for file in files], format="ipc", filesystem=system)
