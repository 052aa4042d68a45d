"""Checkpoints: a folder each, written whole or not at all, every file hashed, and nothing in them can run."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file

from manifests.errors import UserError
from manifests.files import cached_sha256, digest, sha256, sync
from manifests.os_errors import explained
from manifests.schema.base import Strict
from trainer.engine import EngineState
from trainer.tensor_file import save_tensors

WEIGHTS, MOMENTS, MANIFEST = "weights.safetensors", "optimizer.safetensors", "checkpoint.json"
_NAME = re.compile(r"step-(\d{9,})")


class CheckpointError(UserError):
    """A checkpoint could not be written or read; the message says why and what to do."""


class Progress(Strict):
    """How far a run has come after ``step`` steps.

    ``stages_begun`` counts the stages that had a step. ``curriculum`` is the manifest that led here (as
    JSON), ``shards`` the hash of the shard manifest, ``journal_events`` the length of the journal.
    ``tokens_by_set`` counts the corpus tokens read so far, ``plugins`` has the hashes of the stages'
    plug-ins by reference.
    """

    step: int
    updates: int
    stages_begun: int
    tokens_by_set: dict[str, int]
    journal_events: int
    curriculum: str
    shards: str
    plugins: dict[str, str] = Field(default_factory=dict, exclude_if=lambda value: not value)


class _Manifest(Strict):
    progress: Progress
    files: dict[str, str]
    sha256: str

    def expected(self) -> str:
        return digest(self.model_dump(exclude={"sha256"}))


@dataclass(frozen=True)
class Checkpoint:
    """A whole and verified checkpoint folder. ``passed_over`` are newer ones that are not whole."""

    folder: Path
    progress: Progress
    sha256: str
    passed_over: tuple[Path, ...] = ()

    def load(self) -> EngineState:
        """Reads weights and moments.

        Raises:
            CheckpointError: they are not what was found, as on a host that does not see the same storage.
        """
        found = read(self.folder)
        if found is None or found.sha256 != self.sha256:
            raise CheckpointError(
                "is not the checkpoint that this training chose, or is damaged",
                where=self.folder,
                fix="see that every process reads the same run folder, then run the command again",
            )
        return EngineState(
            load_file(self.folder / WEIGHTS), load_file(self.folder / MOMENTS), self.progress.updates
        )


def save(
    checkpoints: Path, progress: Progress, state: EngineState, keep: int, best: int | None = None
) -> Checkpoint:
    """Writes ``checkpoints/step-<step>``, and removes the whole checkpoints before it but the last ``keep``,
    itself counted, and that of step ``best``. Damaged ones stay, and count for nothing.

    When this returns, it is on disk.

    Raises:
        CheckpointError: it cannot be written; the checkpoints before stay as they are.
    """
    folder = folder_of(checkpoints, progress.step)
    temporary = checkpoints / f".{folder.name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    with _explained(folder, state), _removed_on_failure(temporary):
        temporary.mkdir(parents=True)
        content = _write(temporary, progress, state)
        if folder.exists():
            _remove(folder)
        temporary.replace(folder)
        sync(checkpoints)
        _retire(checkpoints, progress.step, keep, best)
    return Checkpoint(folder, progress, content)


def remove_leftovers(checkpoints: Path) -> None:
    """Removes what saves have left whose process ended. No save may be going on."""
    for temporary in checkpoints.glob(".step-*.tmp"):
        shutil.rmtree(temporary)


def _retire(checkpoints: Path, written: int, keep: int, best: int | None) -> None:
    past = [old for old in folders(checkpoints) if step_of(old) < written and read(old)]
    for old in past[keep - 1 :]:
        if step_of(old) != best:
            _remove(old)


def _remove(folder: Path) -> None:
    """Removes a checkpoint; where that is broken off, a leftover stays and no half of a checkpoint."""
    leftover = folder.with_name(f".{folder.name}.old.tmp")
    folder.replace(leftover)
    shutil.rmtree(leftover)


def _write(folder: Path, progress: Progress, state: EngineState) -> str:
    """Fills a new folder, durably; the hash of what it holds."""
    for name, tensors in ((WEIGHTS, state.weights), (MOMENTS, state.moments)):
        save_tensors(tensors, folder / name)
    files = {name: sha256(folder / name) for name in (WEIGHTS, MOMENTS)}
    manifest = _Manifest(progress=progress, files=files, sha256="")
    manifest = manifest.model_copy(update={"sha256": manifest.expected()})
    (folder / MANIFEST).write_text(json.dumps(manifest.model_dump(), indent=1) + "\n", encoding="utf-8")
    for path in (*folder.iterdir(), folder):
        sync(path)
    return manifest.sha256


@contextmanager
def _removed_on_failure(temporary: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


@contextmanager
def _explained(folder: Path, state: EngineState) -> Iterator[None]:
    """Tells what went wrong in one line. It is outermost, so that the free space is that before the broken
    files are removed."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        known = explained(error, folder, state.bytes)
        raise CheckpointError(
            f"the checkpoint could not be written: {known.what if known else error}",
            where=folder,
            fix=f"{known.fix if known else 'look at the disk and train again'}; the training goes on from "
            "the last whole checkpoint",
        ) from None


def newest(checkpoints: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole: every file there, every hash right. None where no folder is.

    Raises:
        CheckpointError: there are folders, but no whole one.
    """
    passed_over: list[Path] = []
    for folder in folders(checkpoints):
        found = read(folder)
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


def read(folder: Path) -> Checkpoint | None:
    """The checkpoint in a folder, or None if it is torn or damaged."""
    try:
        manifest = _Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        whole = manifest.sha256 == manifest.expected() and set(manifest.files) == {WEIGHTS, MOMENTS}
        whole = whole and all(cached_sha256(folder / name) == value for name, value in manifest.files.items())
    except (OSError, ValidationError):
        return None
    return Checkpoint(folder, manifest.progress, manifest.sha256) if whole else None


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
