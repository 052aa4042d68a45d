"""What may be a source's path: of this machine, or a URL that leads to one place elsewhere."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, PlainSerializer

from manifests.credentials import without_credentials

CACHES = ("simplecache", "filecache")
"""What may stand before another URL with ``::``: fsspec's own caches of whole files."""
_HERE = frozenset({"file", "local", "asynclocal"})
# They read what a file that they are given names, or what lies within an archive.
_ELSEWHERE = frozenset(
    "reference dir dirfs zip tar libarchive git cached generic async_wrapper asyncwrapper data".split()
)
_PROTOCOL = re.compile(r"[a-z][a-z0-9+.-]*")


def is_url(path: str) -> bool:
    """Whether a source's path is for fsspec; ``file://`` is a path of this machine."""
    return "://" in path and not path.startswith("file://")


def _written_plainly(path: str) -> str:
    if "\0" in path:
        raise ValueError("a path holds no NUL; remove it")
    if path.startswith("~"):
        raise ValueError(
            f"{path!r}: ~ is no folder here; write the path from / or from the manifest's folder"
        )
    return path


def _document_path(path: str) -> str:
    if not is_url(_written_plainly(path)):
        return path
    *before, last = path.split("::")
    chain = [link.partition("://") for link in before]
    wrong = [link for link, (name, _, rest) in zip(before, chain, strict=True) if rest or name not in CACHES]
    if wrong:
        raise ValueError(
            f"{without_credentials(wrong[0])!r} cannot stand before another URL; only {', '.join(CACHES)} can"
        )
    _check_protocol(last.partition("://")[0])
    return path


def _check_protocol(name: str) -> None:
    if name in _HERE:
        raise ValueError(f"{name}:// is this machine; write a path, whose links are checked")
    if name in _ELSEWHERE or not _PROTOCOL.fullmatch(name):
        raise ValueError(
            f"{without_credentials(name)}:// is not read: what is in it leads to other files; name those"
        )


def _local_path(path: str) -> str:
    if is_url(_written_plainly(path)):
        raise ValueError(
            f"{without_credentials(path)!r} is a URL; instruction sources are files of this machine: fetch "
            "them, or mount the bucket"
        )
    return path


_WITHOUT_CREDENTIALS = PlainSerializer(without_credentials, return_type=str)
"""A manifest that is written into a run has no credentials."""
DocumentPath = Annotated[str, AfterValidator(_document_path), _WITHOUT_CREDENTIALS]
LocalPath = Annotated[str, AfterValidator(_local_path), _WITHOUT_CREDENTIALS]


def _below(pattern: str) -> str:
    path = PurePosixPath(pattern)
    if not path.parts or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{pattern!r} matches nothing below the source's path; write for example **/*.txt")
    if any("**" in part and part != "**" for part in path.parts):
        raise ValueError(
            f"{pattern!r}: ** stands for folders and between slashes; write for example **/*.txt"
        )
    return pattern


def _file_below(name: str) -> str:
    path = PurePosixPath(_written_plainly(name))
    if not path.parts or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{name!r} is no file below the source's path; write for example sentiment/pos.txt")
    return name


Pattern = Annotated[str, AfterValidator(_below)]
FileBelow = Annotated[str, AfterValidator(_file_below)]
