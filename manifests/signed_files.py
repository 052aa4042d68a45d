"""The files of a folder and their hashes, as ``sha256sum --check`` reads them."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from manifests.run_lock import NAME as LOCK

LISTING = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.sig"
HEAD = b"# openba signed files 1\n"
"""The first line: no other file that the same key may sign begins with it."""
_OWN = {LISTING, SIGNATURE, LOCK}
_MEANING = {b"\\": b"\\", b"n": b"\n", b"r": b"\r"}
_WRITTEN = {meant: b"\\" + letter for letter, meant in _MEANING.items()}
_ESCAPED = re.compile(rb"\\([\\nr])")
_TO_ESCAPE = re.compile(rb"[\\\n\r]")


class NoRegularFileError(ValueError):
    """A link, a pipe or a device, which has no bytes of its own."""


def names(folder: Path) -> Iterator[str]:
    """Names, relative to it, of all that is in a folder but folders, always in the same order; without the
    signature, what it covers, and the lock."""
    for place, folders, files in os.walk(folder, onerror=_raise):
        links = [name for name in folders if Path(place, name).is_symlink()]
        for name in sorted(files + links):
            relative = Path(place, name).relative_to(folder).as_posix()
            if relative not in _OWN:
                yield relative
        folders.sort()


def _raise(error: OSError) -> None:
    raise error


def hashed(folder: Path, name: str) -> str:
    """The SHA-256 of a file's bytes, read once, in blocks.

    Raises:
        NoRegularFileError: it is none.
        OSError: it cannot be read.
    """
    path = folder / name
    if not stat.S_ISREG(path.lstat().st_mode):
        raise NoRegularFileError(name)
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def line(name: str, sha256: str) -> bytes:
    """A line of the listing. Line breaks and backslashes in a name are escaped, and a backslash put first."""
    plain = os.fsencode(name)
    escaped = _TO_ESCAPE.sub(lambda found: _WRITTEN[found[0]], plain)
    return (b"\\" if escaped != plain else b"") + sha256.encode() + b"  " + escaped + b"\n"


def parsed(listing: bytes) -> dict[str, str]:
    """Hashes by name.

    Raises:
        ValueError: it is no listing of ours.
    """
    if not listing.startswith(HEAD):
        raise ValueError("begins with another line")
    return dict(map(_parsed, listing[len(HEAD) :].split(b"\n")[:-1]))


def _parsed(written: bytes) -> tuple[str, str]:
    sha256, gap, name = written.removeprefix(b"\\").partition(b"  ")
    if not gap:
        raise ValueError(f"a line is {written[:80]!r}")
    if written.startswith(b"\\"):
        name = _ESCAPED.sub(lambda pair: _MEANING[pair[1]], name)
    return os.fsdecode(name), sha256.decode("ascii", errors="replace")
