"""Writing checkpoints, each process its slices, and removing old ones."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from manifests.files import sync
from manifests.os_errors import explained
from trainer.checkpoint.checkpoint import (
    ALONE,
    MANIFEST,
    Checkpoint,
    CheckpointManifest,
    Progress,
    folder_of,
    folders,
    read,
    step_of,
)
from trainer.checkpoint.error import CheckpointError
from trainer.checkpoint.slice_files import SavedState, write_slices
from trainer.distributed import Ranks


def save(
    checkpoints: Path,
    progress: Progress,
    state: SavedState,
    keep: int,
    best: int | None = None,
    ranks: Ranks = ALONE,
) -> Checkpoint:
    """Writes ``checkpoints/step-<step>``, and removes the whole checkpoints before it but the last ``keep``,
    itself counted, and that of step ``best``. Damaged ones stay, and count for nothing.

    When this returns, it is on disk. Every process brings its slices; process 0 gives the folder its name
    when those of all are on disk.

    Raises:
        CheckpointError: it cannot be written, by some process; the checkpoints before stay as they are.
    """
    folder = folder_of(checkpoints, progress.step)
    temporary = checkpoints / f".{folder.name}.tmp"

    def begin() -> None:
        shutil.rmtree(temporary, ignore_errors=True)
        with _explained(folder, state):
            temporary.mkdir(parents=True)

    def write() -> dict[str, str]:
        with _explained(folder, state):
            return _write(temporary, state, ranks)

    def commit() -> Checkpoint:
        with _explained(folder, state):
            return _commit(
                temporary, folder, progress, {name: sha for part in written for name, sha in part.items()}
            )

    def retire() -> None:
        with _explained(folder, state):
            for old in whole[keep - 1 :]:
                if step_of(old) != best:
                    _remove(old)

    with _removed_on_failure(temporary, ranks):
        ranks.decided(begin)
        written = ranks.all_did(write)
        saved = ranks.decided(commit)
        past = ranks.decided(lambda: [old for old in folders(checkpoints) if step_of(old) < progress.step])
        whole = [old for old in past if read(old, ranks)]
        ranks.decided(retire)
    return saved


def remove_leftovers(checkpoints: Path) -> None:
    """Removes what saves have left whose process ended. No save may be going on."""
    for temporary in checkpoints.glob(".step-*.tmp"):
        shutil.rmtree(temporary)


def _write(folder: Path, state: SavedState, ranks: Ranks) -> dict[str, str]:
    """Writes this process's files, durably; their hashes by name."""
    folder.mkdir(parents=True, exist_ok=True)  # another host may not see yet that it is there
    written = write_slices(folder, state, ranks.rank, ranks.size)
    for name in written:
        sync(folder / name)
    return written


def _commit(temporary: Path, folder: Path, progress: Progress, files: dict[str, str]) -> Checkpoint:
    """Gives a folder that is complete but for its manifest this one and its name, durably."""
    sizes = {name: (temporary / name).stat().st_size for name in files}
    manifest = CheckpointManifest(progress=progress, files=files, bytes=sizes).sealed()
    (temporary / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    for path in (temporary / MANIFEST, temporary):
        sync(path)
    if folder.exists():
        _remove(folder)
    temporary.replace(folder)
    sync(folder.parent)
    return Checkpoint(folder, progress, manifest.sha256, files)


def _remove(folder: Path) -> None:
    """Removes a checkpoint; where that is broken off, a leftover stays and no half of a checkpoint."""
    leftover = folder.with_name(f".{folder.name}.old.tmp")
    folder.replace(leftover)
    shutil.rmtree(leftover)


@contextmanager
def _removed_on_failure(temporary: Path, ranks: Ranks) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if ranks.rank == 0:
            shutil.rmtree(temporary, ignore_errors=True)
        raise


@contextmanager
def _explained(folder: Path, state: SavedState) -> Iterator[None]:
    """Tells what went wrong in one line, with the free space before broken files are removed."""
    try:
        yield
    except OSError as error:
        known = explained(error, folder, state.bytes)
        raise CheckpointError(
            f"the checkpoint could not be written: {known.what if known else error}",
            where=folder,
            fix=f"{known.fix if known else 'look at the disk and train again'}; the training goes on from "
            "the last whole checkpoint",
        ) from None
