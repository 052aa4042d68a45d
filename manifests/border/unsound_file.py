"""The error of a file that is not what it claims to be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from manifests.errors import UserError
from manifests.store.local_copy import local

COPY_AGAIN = "copy it again from where it came, or make it again"


class UnsoundFileError(UserError, ValueError):
    """A file whose content is not sound; the message names it and what is wrong."""

    def __init__(self, what: str, *, where: object = "", fix: str = COPY_AGAIN) -> None:
        super().__init__(what, where=where, fix=fix)


@contextmanager
def sound_copy(path: Path) -> Iterator[Path]:
    """A file of this machine to read a path's bytes from; what is unsound in a copy is so in the path.

    Raises:
        FileNotFoundError: there is nothing.
    """
    here = local(path)
    try:
        yield here
    except UnsoundFileError as error:
        if here is path or error.where != str(here):
            raise
        raise UnsoundFileError(error.what, where=path, fix=error.fix) from error


def need(sound: bool, what: str) -> None:
    """As ``check``, where the caller names the file.

    Raises:
        ValueError: not ``sound``.
    """
    if not sound:
        raise ValueError(what)


def check(sound: bool, path: Path, what: str) -> None:
    """Nothing, where ``sound``.

    Raises:
        UnsoundFileError: else.
    """
    if not sound:
        raise UnsoundFileError(what, where=path)
