"""The only place where exceptions become text and exit codes."""

from __future__ import annotations

import os
import shlex
import signal
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from manifests.broken_pipe import output_may_be_lost
from manifests.errors import UserError, shown
from manifests.os_errors import explained
from manifests.output import complain

USAGE = 2


def run(action: Callable[[], int], arguments: Sequence[str]) -> int:
    """The exit code of a command: what ``action`` returns, or what its exception means; the exception is
    explained on standard error. ``arguments`` are those of the command line."""
    try:
        with output_may_be_lost():
            return action()
    except (Exception, KeyboardInterrupt) as error:
        code, text = _outcome(error, arguments)
        if text:
            complain(text)
        return code


def _outcome(error: BaseException, arguments: Sequence[str]) -> tuple[int, str]:
    if isinstance(error, KeyboardInterrupt):
        return 128 + getattr(error, "number", signal.SIGINT), "interrupted"
    known = error if isinstance(error, UserError) else _refused(error)
    if known is not None:
        return known.exit_code, shown(known)
    return _of_typer(error) or (1, _report(error, arguments))


def _refused(error: BaseException) -> UserError | None:
    """What the system refused to do with a file, if the error names one."""
    name = getattr(error, "filename", None)
    return explained(error, Path(os.fsdecode(name))) if isinstance(name, str | bytes) else None


def _of_typer(error: BaseException) -> tuple[int, str] | None:
    import typer  # loaded already, unless the error came before it

    if isinstance(error, typer.Exit):
        return error.exit_code, ""
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "openba"
        return USAGE, f"error: {error.format_message().rstrip('.')}; see `{path} --help`"
    return None


def _report(error: BaseException, arguments: Sequence[str]) -> str:
    from openba.version import DISTRIBUTION, __version__

    title = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
    return (
        f"{''.join(traceback.format_exception(error))}"
        f"This is a bug in {DISTRIBUTION} {__version__}; report it with the traceback above as {title!r}, "
        f"from `{shlex.join(['openba', *arguments])}`"
    )
