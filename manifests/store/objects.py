"""Whole objects of a store, by URL: head, get, put, put if absent, list, remove."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from manifests.errors import UserError
from manifests.store.system import FULL, BrokenOffError, called, code_of

_ATOMIC = {"s3", "gs", "memory"}
"""Where an object is there whole or not at all. Elsewhere it is written under another name and renamed."""
_AT_ONCE = {"s3": {"max_concurrency": 1}}
"""Else s3fs would ask for the size first."""
_STAMPS = ("ETag", "etag", "md5Hash", "generation", "mtime", "created", "LastModified", "updated")


class Head(NamedTuple):
    """What a store tells of a name: whether it is an object (else others are below it), its bytes, and what
    changes whenever the object does."""

    is_object: bool
    size: int
    stamp: str


def head(url: str) -> Head:
    """Asks the store, never a cache.

    Raises:
        FileNotFoundError: nothing is there.
    """
    found: dict[str, Any] = called(url, lambda system, path: system.info(path, refresh=True))
    stamp = " ".join(str(found[key]) for key in _STAMPS if found.get(key) is not None)
    return Head(found["type"] == "file", int(found.get("size") or 0), stamp)


def get(url: str) -> bytes:
    """The bytes of an object.

    Raises:
        FileNotFoundError: there is none.
    """

    def fetch(system: Any, path: str) -> bytes:
        data: bytes = system.cat_file(path, **_AT_ONCE.get(urlsplit(url).scheme, {}))
        return data

    return called(url, fetch)


def get_file(url: str, target: Path, size: int) -> None:
    """Writes an object's bytes, which are ``size``, to a file of this machine."""

    def fetch(system: Any, path: str) -> None:
        try:
            system.get_file(path, str(target))
        except OSError as error:
            if error.errno in FULL:
                raise OSError(error.errno, error.strerror, str(target)) from error
            raise
        if target.stat().st_size != size:
            raise BrokenOffError(url, target.stat().st_size, size)

    called(url, fetch)


def put(url: str, data: bytes) -> None:
    """Makes or replaces an object, at once."""
    _published(url, lambda system, path: system.pipe_file(path, data))


def put_file(url: str, source: Path) -> Head:
    """The same from a file of this machine; returns what the store then tells of it."""
    _published(url, lambda system, path: system.put_file(str(source), path))
    found, size = head(url), source.stat().st_size
    if found.size != size:
        raise UserError(f"has {found.size:,} bytes after {size:,} were put", where=url, fix="run it again")
    return found


def put_if_absent(url: str, data: bytes) -> bool:
    """Whether there was no object and now is this one. Of several that try at once one succeeds: on S3, GCS
    and in memory; HDFS has no such call, and a tie there is won by whoever wrote last. ``data`` must differ
    from what others put, since an answer may be lost after the store did what it was asked."""

    def create(system: Any, path: str) -> None:
        try:
            system.pipe_file(path, data, mode="create")
        except OSError as error:
            if code_of(error) in ("PreconditionFailed", "412"):
                raise FileExistsError(path) from error
            raise

    try:
        _in_bucket(url, create)
        return True
    except FileExistsError:
        try:
            return get(url) == data
        except FileNotFoundError:
            return False


def names_in(url: str) -> Iterator[str]:
    """The names directly below a URL, of objects and of what has others below it."""
    for path in _listed(url, lambda system, root: system.ls(root, detail=False, refresh=True)):
        yield PurePosixPath(path).name


def names_below(url: str) -> Iterator[str]:
    """The names of all objects below a URL, relative to it."""
    root = called(url, lambda system, path: path)
    for path in _listed(url, lambda system, root: system.find(root)):
        yield str(path).removeprefix(root).lstrip("/")


def remove(url: str, missing_ok: bool = False) -> None:
    """Removes an object."""
    try:
        called(url, lambda system, path: system.rm_file(path))
    except FileNotFoundError:
        if not missing_ok:
            raise


def remove_below(url: str) -> None:
    """Removes all objects below a URL."""
    for name in list(names_below(url)):
        remove(f"{url}/{name}", missing_ok=True)


def _listed(url: str, call: Any) -> list[str]:
    def fresh(system: Any, path: str) -> list[str]:
        system.invalidate_cache()
        return [found for found in call(system, path) if found.rstrip("/") != path]

    try:
        return called(url, fresh)
    except FileNotFoundError:
        return []


def _published(url: str, write: Any) -> None:
    if urlsplit(url).scheme in _ATOMIC:
        _in_bucket(url, write)
        return

    def renamed(system: Any, path: str) -> None:
        folder, name = path.rsplit("/", 1)
        temporary = f"{folder}/.{name}.{secrets.token_hex(8)}.tmp"
        system.makedirs(folder, exist_ok=True)
        write(system, temporary)
        system.mv(temporary, path)

    _in_bucket(url, renamed)


def _in_bucket(url: str, write: Any) -> None:
    try:
        called(url, write)
    except FileNotFoundError:
        fix = "make it, or correct the address"
        raise UserError("no such bucket or folder", where=url, fix=fix) from None
