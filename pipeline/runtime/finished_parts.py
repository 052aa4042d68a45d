"""Whether the files that a record names are still there with their bytes: only then is their work done."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from manifests.files import has_sha256
from manifests.personal_data import holds
from manifests.schema.steps import File, Part, StepManifest


def step_in_place(folder: Path, manifest: StepManifest, redacted: Sequence[str] = ()) -> bool:
    """Whether all files of a step are there with their sizes, but for those ``redacted``. Their bytes are
    checked when they are read."""
    parts = [file for part in manifest.parts for file in (part.kept, part.rejected)]
    needed = [file for file in (*parts, *manifest.files) if not holds(redacted, file.path)]
    return all(_in_place(folder, file) for file in needed)


def part_in_place(folder: Path, record: Any) -> bool:
    """Whether a record is one of a part whose files have the bytes that it says."""
    try:
        part = Part.model_validate(record)
    except ValidationError:
        return False
    return all(
        _in_place(folder, file) and has_sha256(folder / file.path, file.sha256)
        for file in (part.kept, part.rejected)
    )


def _in_place(folder: Path, file: File) -> bool:
    try:
        found = (folder / file.path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == file.bytes
