"""The error of a file that is not what it claims to be."""

from __future__ import annotations

from pathlib import Path

from manifests.errors import UserError

COPY_AGAIN = "copy it again from where it came, or make it again"


class UnsoundFileError(UserError, ValueError):
    """A file whose content is not sound; the message names it and what is wrong."""

    def __init__(self, what: str, *, where: object = "", fix: str = COPY_AGAIN) -> None:
        super().__init__(what, where=where, fix=fix)


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
