"""The files below a folder of this machine that patterns choose. Links may lead about in it, never out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class LocalFiles:
    """Files with their names below the folder, sorted by name; the names of links that were refused as they
    lead out of it; and those of links that lead nowhere."""

    files: tuple[tuple[str, Path], ...]
    refused: tuple[str, ...]
    broken: tuple[str, ...]


def files_below(root: Path, include: Sequence[str], exclude: Sequence[str] = ()) -> LocalFiles:
    """What of a folder matches one of ``include`` and, with the folders it is in, none of ``exclude``. Hidden
    files, and those in hidden folders such as ``.git``, are none."""
    excluded = {path for pattern in exclude for path in root.glob(pattern)}
    matching = {path for pattern in include for path in root.glob(_with_files(pattern))}
    matching = {path for path in matching if excluded.isdisjoint((path, *path.parents))}
    shown = sorted(
        (name, path) for path in matching if not is_hidden(name := path.relative_to(root).as_posix())
    )
    broken = tuple(name for name, path in shown if path.is_symlink() and not path.exists())
    named = [(name, path) for name, path in shown if path.is_file()]
    refused = {name for name, path in named if leads_out(root, path)}
    files = tuple((name, path) for name, path in named if name not in refused)
    return LocalFiles(files, tuple(sorted(refused)), broken)


def leads_out(root: Path, path: Path) -> bool:
    """Whether a path, all links followed, is not below a folder."""
    return not path.resolve().is_relative_to(root.resolve())


def is_hidden(name: str) -> bool:
    """Whether a part of a path begins with a dot."""
    return any(part.startswith(".") for part in PurePosixPath(name).parts)


def _with_files(pattern: str) -> str:
    """For Path.glob, whose ``**`` at the end of a pattern means folders alone."""
    return f"{pattern}/*" if pattern.endswith("**") else pattern
