"""Checkpoints: a folder each, written whole or not at all, every file hashed, and nothing in them can run."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from manifests.errors import UserError
from manifests.files import digest, sha256, sync
from manifests.os_errors import explained
from manifests.schema.base import Strict
from trainer.engine import EngineState

WEIGHTS, MOMENTS, MANIFEST = "weights.safetensors", "optimizer.safetensors", "checkpoint.json"
_NAME = re.compile(r"step-(\d{9,})")


class CheckpointError(UserError):
    """A checkpoint could not be written; the message says why and what to do."""


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
    """A whole and verified checkpoint folder."""

    folder: Path
    progress: Progress
    sha256: str

    def load(self) -> EngineState:
        """Reads weights and moments."""
        return EngineState(
            load_file(self.folder / WEIGHTS), load_file(self.folder / MOMENTS), self.progress.updates
        )


def save(
    checkpoints: Path, progress: Progress, state: EngineState, keep: int, best: int | None = None
) -> Checkpoint:
    """Writes ``checkpoints/step-<step>`` and removes all but the newest ``keep`` checkpoints and that of step
    ``best``.

    When this returns, it is on disk.

    Raises:
        CheckpointError: it cannot be written; the checkpoints before stay as they are.
    """
    folder = _folder(checkpoints, progress.step)
    temporary = checkpoints / f".{folder.name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    with _explained(folder, state), _removed_on_failure(temporary):
        temporary.mkdir(parents=True)
        content = _write(temporary, progress, state)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)
        sync(checkpoints)
        for old in _folders(checkpoints)[keep:]:
            if best is None or old != _folder(checkpoints, best):
                shutil.rmtree(old)
    return Checkpoint(folder, progress, content)


def remove_leftovers(checkpoints: Path) -> None:
    """Removes what saves have left whose process ended. No save may be going on."""
    for temporary in checkpoints.glob(".step-*.tmp"):
        shutil.rmtree(temporary)


def _write(folder: Path, progress: Progress, state: EngineState) -> str:
    """Fills a new folder, durably; the hash of what it holds."""
    for name, tensors in ((WEIGHTS, state.weights), (MOMENTS, state.moments)):
        save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, folder / name)
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
    """The newest checkpoint that is whole: every file there, every hash right. Others are passed over."""
    return next((found for folder in _folders(checkpoints) if (found := read(folder))), None)


def read(folder: Path) -> Checkpoint | None:
    """The checkpoint in a folder, or None if it is torn or damaged."""
    try:
        manifest = _Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        whole = manifest.sha256 == manifest.expected() and set(manifest.files) == {WEIGHTS, MOMENTS}
        whole = whole and all(sha256(folder / name) == value for name, value in manifest.files.items())
    except (OSError, ValidationError, SafetensorError):
        return None
    return Checkpoint(folder, manifest.progress, manifest.sha256) if whole else None


def _folder(checkpoints: Path, step: int) -> Path:
    return checkpoints / f"step-{step:09d}"


def _folders(checkpoints: Path) -> list[Path]:
    """Folders named as checkpoints, newest first."""
    if not checkpoints.exists():
        return []
    named = [
        (int(match[1]), folder) for folder in checkpoints.iterdir() if (match := _NAME.fullmatch(folder.name))
    ]
    return [folder for _, folder in sorted(named, reverse=True)]
