"""Errors that a user can act on: what was wrong, where, and what to do."""

from __future__ import annotations

from manifests.credentials import without_credentials


class UserError(Exception):
    """Base of every error whose message alone is enough; it is shown without a traceback, and holds no
    credentials of the addresses that it names.

    Attributes:
        exit_code: of the command that ends with it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: object = "", fix: str = "") -> None:
        self.what, self.where, self.fix = map(without_credentials, (what, str(where), fix))
        super().__init__(self.what)

    def __str__(self) -> str:
        where = self.where.replace("\n", "\\n")
        return f"{where + ': ' if where else ''}{self.what}{'; ' + self.fix if self.fix else ''}"

    def __reduce__(self) -> tuple[object, ...]:
        # Workers send errors by pickle, which would call the class with the message alone.
        return _rebuild, (type(self), self.what, self.where, self.fix)


class DataShortError(UserError):
    """There is less text than the manifest asks for."""

    exit_code = 3


def shown(error: UserError) -> str:
    """The error as a command shows it: one line, or one for each of several errors in a manifest."""
    return "\n".join(f"error: {line}" for line in str(error).split("\n"))


def _rebuild(kind: type[UserError], what: str, where: str, fix: str) -> UserError:
    return kind(what, where=where, fix=fix)
