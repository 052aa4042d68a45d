"""Checkpoints: a folder each, written whole or not at all, every file hashed, and nothing in them can run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import Field, ValidationError

from manifests.border.regular_file import regular
from manifests.border.unsound_file import UnsoundFileError
from manifests.files import cached_sha256, digest
from manifests.schema.base import Strict
from manifests.schema.initial import Origin
from trainer.checkpoint.error import CheckpointError
from trainer.checkpoint.slice_files import SliceReader, is_file_name
from trainer.distributed import Ranks

MANIFEST = "checkpoint.json"
_NAME = re.compile(r"step-(\d{9,})")
ALONE = Ranks()


class Progress(Strict):
    """How far a run has come after ``step`` steps.

    ``stages_begun`` counts the stages that had a step. ``curriculum`` is the manifest that led here (as
    JSON, without ``initial``), ``shards`` the hash of the shard manifest, ``journal_events`` the lines of the
    journal, ``journal_head`` the hash of the last one (older ones have none). ``tokens_by_set`` counts the
    corpus tokens read so far, ``plugins`` has the hashes of the stages' plug-ins by reference. ``tokenizer``
    is the SentencePiece model's hash (older ones have none), ``origin`` the weights that the run began from,
    where they were not new.
    """

    step: int
    updates: int
    stages_begun: int
    tokens_by_set: dict[str, int]
    journal_events: int
    curriculum: str
    shards: str
    plugins: dict[str, str] = Field(default_factory=dict, exclude_if=lambda value: not value)
    tokenizer: str = Field(default="", exclude_if=lambda value: not value)
    journal_head: str = Field(default="", exclude_if=lambda value: not value)
    origin: Origin | None = Field(default=None, exclude_if=lambda value: value is None)


class CheckpointManifest(Strict):
    """``checkpoint.json``, written last: SHA-256 and bytes of every file by name (the older ones have no
    ``bytes``), and the hash of all of this."""

    progress: Progress
    files: dict[str, str]
    bytes: dict[str, int] = Field(default_factory=dict, exclude_if=lambda value: not value)
    sha256: str = ""

    def sealed(self) -> CheckpointManifest:
        """The same with its hash."""
        return self.model_copy(update={"sha256": digest(self.model_dump(exclude={"sha256"}))})


@dataclass(frozen=True)
class Checkpoint:
    """A whole and verified checkpoint folder. ``files`` are the hashes of its files by name, ``passed_over``
    newer folders that are not whole."""

    folder: Path
    progress: Progress
    sha256: str
    files: Mapping[str, str]
    passed_over: tuple[Path, ...] = ()

    def open(self) -> SliceReader:
        """Its weights and moments, to be read in parts.

        Raises:
            CheckpointError: they are not what was found, as on a host that does not see the same storage.
        """
        manifest = _manifest(self.folder)
        if manifest is None or manifest.sha256 != self.sha256:
            raise CheckpointError(
                "is not the checkpoint that this training chose, or is damaged",
                where=self.folder,
                fix="see that every process reads the same run folder, then run the command again",
            )
        return SliceReader(self.folder, manifest.files, self.progress.updates)


def newest(checkpoints: Path, ranks: Ranks = ALONE) -> Checkpoint | None:
    """The newest checkpoint that is whole: every file there, every hash right. None where no folder is.

    Args:
        ranks: process 0 says which there are, and each hashes a part of the files.

    Raises:
        CheckpointError: there are folders, but no whole one.
    """
    passed_over: list[Path] = []
    for folder in ranks.decided(lambda: folders(checkpoints)):
        found = read(folder, ranks)
        if found is not None:
            return replace(found, passed_over=tuple(passed_over))
        passed_over.append(folder)
    if passed_over:
        raise CheckpointError(
            f"no checkpoint is whole: {', '.join(folder.name for folder in passed_over)} lack files, or hold "
            "others than were written",
            where=checkpoints,
            fix="restore one, or move them all away to begin anew",
        )
    return None


def read(folder: Path, ranks: Ranks = ALONE) -> Checkpoint | None:
    """The checkpoint in a folder, or None if it is torn or damaged; ``ranks`` as of ``newest``."""
    manifest = ranks.decided(lambda: _manifest(folder))
    if manifest is None:
        return None
    # As many processes as wrote it hash each what it wrote, and will read.
    mine = sorted(manifest.files)[ranks.rank :: ranks.size]
    whole = ranks.all_did(lambda: all(_hash(folder / name) == manifest.files[name] for name in mine))
    found = Checkpoint(folder, manifest.progress, manifest.sha256, manifest.files)
    return found if all(whole) else None


def _manifest(folder: Path) -> CheckpointManifest | None:
    """A checkpoint's manifest; None where it is damaged, or files are missing or of another size."""
    try:
        manifest = CheckpointManifest.model_validate_json(regular(folder / MANIFEST).read_bytes())
        sizes = {name: (folder / name).stat().st_size for name in manifest.files if is_file_name(name)}
    except (OSError, ValidationError, UnsoundFileError):
        return None
    whole = manifest == manifest.sealed() and sizes.keys() == manifest.files.keys()
    return manifest if whole and manifest.bytes in ({}, sizes) else None


def _hash(path: Path) -> str:
    """A file's SHA-256; nothing where it cannot be read."""
    try:
        return cached_sha256(path)
    except (OSError, UnsoundFileError):
        return ""


def folder_of(checkpoints: Path, step: int) -> Path:
    """Where the checkpoint after a step is, or would be."""
    return checkpoints / f"step-{step:09d}"


def step_of(folder: Path) -> int:
    """The step that a folder's name tells; -1 for other names."""
    match = _NAME.fullmatch(folder.name)
    return int(match[1]) if match else -1


def folders(checkpoints: Path) -> list[Path]:
    """Folders named as checkpoints, newest first."""
    found = checkpoints.iterdir() if checkpoints.exists() else ()
    return sorted((folder for folder in found if step_of(folder) >= 0), key=step_of, reverse=True)
