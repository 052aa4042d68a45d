"""Files of the sources: on this machine, or behind any URL that fsspec opens (``s3://``, ``gs://``,
``hdfs://``, ``memory://``)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import fsspec

from manifests.credentials import without_credentials
from manifests.schema.source_paths import is_url
from pipeline.readers.limits import DEFAULT, Limits

# What the file systems call a sign that a file changed, the surest first.
_STAMPS = (
    "ETag",
    "etag",
    "md5Hash",
    "version_id",
    "mtime",
    "LastModified",
    "last_modified",
    "updated",
    "created",
)


@dataclass(frozen=True)
class InputFile:
    """A file to read. ``location`` is a path or a URL, ``size`` its bytes as stored; ``stamp`` changes
    whenever the file does (it is None where the file system cannot tell). ``limits``: what it may expand
    to."""

    location: str
    size: int
    stamp: int | str | None = None
    limits: Limits = DEFAULT

    @classmethod
    def of(cls, path: Path) -> InputFile:
        """A local file as it is.

        Raises:
            OSError: it cannot be read.
        """
        status = path.stat()
        return cls(str(path), status.st_size, status.st_mtime_ns)

    @property
    def suffix(self) -> str:
        """The last part of the name, with its dot; empty where it has none."""
        return PurePosixPath(file_name(self.location)).suffix

    def open(self) -> BinaryIO:
        """The file's bytes, to read and to seek in. What the file system needs to know (credentials, hosts)
        it takes from its own configuration and the environment, never from a manifest."""
        if is_url(self.location):
            return cast(BinaryIO, fsspec.open(self.location, "rb").open())
        return Path(self.location).open("rb")

    def __repr__(self) -> str:
        return f"InputFile({without_credentials(self.location)!r}, {self.size}, {self.stamp!r})"


def readable(name: str) -> str:
    """A file's name with ``\\xd6`` for each byte that is not UTF-8, where Python has characters that no file
    can hold."""
    return os.fsencode(name).decode("utf-8", errors="backslashreplace")


def file_name(location: str) -> str:
    """The last part of a path or URL. That of a web address ends before its query, which may be a
    signature."""
    if not is_url(location):
        return PurePosixPath(location).name
    web = location.split("::")[-1].startswith(("http://", "https://"))
    return PurePosixPath(location.partition("?")[0] if web else without_credentials(location)).name


def local_path(path: str) -> Path:
    """A path or a ``file://`` URL as a path."""
    return Path(path.removeprefix("file://"))


def list_url(url: str) -> Iterator[tuple[str | None, InputFile]]:
    """The files at and below a URL, each with its name relative to it, which is empty where the URL is that
    of one file, and None where the listing names a place that is not below it.

    Raises:
        FileNotFoundError: nothing is there.
        ImportError, ValueError: no installed package opens such URLs.
    """
    system, root = fsspec.core.url_to_fs(url)
    found: dict[str, dict[str, Any]] = system.find(root, detail=True)
    if not found:
        raise FileNotFoundError(url)
    caches = url[: url.rfind("::") + 2] if "::" in url else ""
    for path, status in found.items():
        stamp = next((str(status[key]) for key in _STAMPS if status.get(key) is not None), None)
        location = caches + system.unstrip_protocol(path)
        yield _name_below(root, path), InputFile(location, int(status["size"]), stamp)


def _name_below(root: str, path: str) -> str | None:
    """Who lists a folder may name whatever they like."""
    name = path.removeprefix(root)
    outside = not path.startswith(root) or (bool(name) and not (root.endswith("/") or name.startswith("/")))
    return None if outside or ".." in PurePosixPath(name).parts else name.lstrip("/")
