"""Paths behind a URL, as in ``s3://bucket/runs/one``: an object of a store for each file, no folders."""

from __future__ import annotations

import io
import os
import posixpath
import stat
from collections.abc import Generator
from fnmatch import fnmatchcase
from pathlib import Path, PosixPath
from typing import IO, Any

from manifests.store import objects, scratch


class StorePath(PosixPath):
    """A path whose first part is the URL's scheme, and the second the bucket or host.

    What reads or writes a run folder calls these methods. Whole objects come and go at once, and reading in
    one goes by a copy in scratch. A method of paths that is not here, and what opens a path by itself, raises
    TypeError, lest it work in a folder of this machine that is called like the URL.
    """

    __slots__ = ()

    def __str__(self) -> str:
        scheme, *rest = self.parts
        return f"{scheme}//{'/'.join(rest)}"

    def __fspath__(self) -> str:
        raise TypeError(f"{self} is no file of this machine: open it, or its copy, manifests.store.local")

    def resolve(self, strict: bool = False) -> StorePath:
        """The path without ``..``; one that leads above the bucket is no longer below it."""
        return type(self)(posixpath.normpath("/".join(self.parts)))

    def absolute(self) -> StorePath:
        """The path, which is absolute."""
        return self

    def relative_to(self, *other: Any) -> Path:  # type: ignore[override]
        """The rest of the path below another, as a plain path.

        Raises:
            ValueError: it is not below it.
        """
        return Path(super().relative_to(*other))

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Kind, size and time of change; nothing else is known.

        Raises:
            FileNotFoundError: there is no object, nor any below it.
        """
        found = objects.head(str(self))
        mode = stat.S_IFREG | 0o600 if found.is_object else stat.S_IFDIR | 0o700
        return os.stat_result((mode, 0, 0, 1, 0, 0, found.size, 0, 0, 0))

    lstat = stat

    def iterdir(self) -> Generator[StorePath, None, None]:
        """What is below; nothing where there is none."""
        yield from (self / name for name in objects.names_in(str(self)))

    def glob(self, pattern: str) -> Generator[StorePath, None, None]:
        """What matches a pattern without ``**``, in no order."""
        first, _, rest = pattern.partition("/")
        matching = (path for path in self.iterdir() if fnmatchcase(path.name, first))
        for path in matching:
            if not rest:
                yield path
            elif set("*?[") & set(rest):
                yield from path.glob(rest)
            elif (path / rest).exists():
                yield path / rest

    def rglob(self, pattern: str) -> Generator[StorePath, None, None]:
        """The objects below, at any depth, whose names match."""
        below = (self / name for name in objects.names_below(str(self)))
        yield from (path for path in below if fnmatchcase(path.name, pattern))

    def open(self, mode: str = "r", *arguments: Any, **named: Any) -> IO[Any]:  # type: ignore[override]
        """Opens the object's copy, to read only.

        Raises:
            UnsupportedOperation: to write: ``atomic_write`` does.
        """
        if set(mode) & set("wax+"):
            raise io.UnsupportedOperation(f"{self}: objects are written whole")
        return scratch.copy_of(str(self)).open(mode, *arguments, **named)

    def read_bytes(self) -> bytes:
        """The whole object."""
        return objects.get(str(self))

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        """The whole object as text."""
        return self.read_bytes().decode(encoding or "utf-8", errors or "strict")

    def write_bytes(self, data: Any) -> int:
        """Puts the whole object."""
        objects.put(str(self), bytes(data))
        return len(data)

    def write_text(
        self, data: str, encoding: str | None = None, errors: str | None = None, newline: str | None = None
    ) -> int:
        """Puts the whole object as text."""
        return self.write_bytes(data.encode(encoding or "utf-8", errors or "strict"))

    def unlink(self, missing_ok: bool = False) -> None:
        """Removes the object; one that is not there is no error in some stores."""
        objects.remove(str(self), missing_ok)

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Nothing: a folder is there as soon as there is an object below it."""
