"""Versioned sets that come with the package: a file each, called as the set in it is."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from manifests.schema.base import ManifestError, Strict, load


class NamedSet(Strict):
    """What all of them have."""

    name: str


T = TypeVar("T", bound=NamedSet)


def set_names(folder: Path) -> list[str]:
    """The names of all sets of a folder."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_set(folder: Path, name: str, kind: type[T]) -> T:
    """A set of a folder.

    Raises:
        ManifestError: its file is missing or not valid, or names another set.
    """
    file = folder / f"{name}.yaml"
    found = load(file, kind)
    if found.name != name:
        raise ManifestError(f"{file}: name: {found.name!r} differs from the file's; write {name}")
    return found


def check_name(folder: Path, name: str, what: str) -> str:
    """The name, which must be that of a set of a folder; ``what`` it is, for the message.

    Raises:
        ValueError: it is not.
    """
    if name not in set_names(folder):
        raise ValueError(f"{name!r} is not a {what} set; known are {', '.join(set_names(folder))}")
    return name
