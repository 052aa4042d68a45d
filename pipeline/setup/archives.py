"""Safe unpacking: only regular files that the caller names, under their own folder, within a size."""

from __future__ import annotations

import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from manifests.errors import UserError

MAX_BYTES = 500_000_000


class UnsafeArchiveError(UserError):
    """An archive with a path that leaves its folder, a link among the wanted members, or too many bytes."""


def unpack(archive: Path, patterns: tuple[str, ...], folder: Path, strip: int = 0) -> list[Path]:
    """Writes the members of a .tar.gz, .zip or .whl that match a glob pattern; returns their paths, sorted.

    Args:
        strip: how many leading folders of a member's name are left out.

    Raises:
        UnsafeArchiveError: see there; nothing outside ``folder`` is ever written.
    """
    members = _zip_members if archive.suffix in {".whl", ".zip"} else _tar_members
    written: list[Path] = []
    size = 0
    for name, is_file, data in members(archive):
        path = PurePosixPath(*PurePosixPath(name).parts[strip:])
        if not any(_matches(path, pattern) for pattern in patterns):
            continue
        if PurePosixPath(name).is_absolute() or ".." in path.parts or "\\" in name:
            raise UnsafeArchiveError(f"{archive.name}: the member {name!r} leads out of its folder")
        if not is_file or data is None:
            raise UnsafeArchiveError(f"{archive.name}: the member {name!r} is not a regular file")
        content = data.read(MAX_BYTES - size + 1)
        size += len(content)
        if size > MAX_BYTES:
            raise UnsafeArchiveError(f"{archive.name}: more than {MAX_BYTES} bytes")
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        written.append(target)
    return sorted(written)


def _matches(path: PurePosixPath, pattern: str) -> bool:
    """Glob matching from the root, where ``**`` stands for any number of folders."""
    return _match(path.parts, PurePosixPath(pattern).parts)


def _match(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_match(parts[skip:], pattern[1:]) for skip in range(len(parts) + 1))
    return bool(parts) and PurePosixPath(parts[0]).match(pattern[0]) and _match(parts[1:], pattern[1:])


def _tar_members(archive: Path) -> Iterator[tuple[str, bool, IO[bytes] | None]]:
    with tarfile.open(archive) as file:
        for item in file:
            if not item.isdir():
                yield item.name, item.isreg(), file.extractfile(item) if item.isreg() else None


def _zip_members(archive: Path) -> Iterator[tuple[str, bool, IO[bytes] | None]]:
    with zipfile.ZipFile(archive) as file:
        for item in file.infolist():
            if not item.is_dir():
                with file.open(item) as data:
                    yield item.filename, not stat.S_ISLNK(item.external_attr >> 16), data
