"""The only place where exceptions become text and exit codes."""

from __future__ import annotations

import os
import select
import shlex
import sys
import traceback
from collections.abc import Callable, Sequence

from manifests.errors import UserError

USAGE = 2
INTERRUPTED = 130


def run(action: Callable[[], int], arguments: Sequence[str]) -> int:
    """The exit code of a command: what ``action`` returns, or what its exception means; the exception is
    explained on standard error. ``arguments`` are those of the command line."""
    try:
        code = action()
        sys.stdout.flush()
        return code
    except (Exception, KeyboardInterrupt) as error:
        code, text = _outcome(error, arguments)
        if text:
            print(text, file=sys.stderr)
        return code


def explain(message: object) -> str:
    """The message, each of its lines marked as an error: a manifest may have several."""
    return "\n".join(f"error: {line}" for line in str(message).splitlines())


def _outcome(error: BaseException, arguments: Sequence[str]) -> tuple[int, str]:
    if isinstance(error, UserError):
        return error.exit_code, explain(error)
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, "interrupted"
    if isinstance(error, BrokenPipeError) and _nobody_reads():
        return 1, ""
    return _of_typer(error) or (1, _report(error, arguments))


def _of_typer(error: BaseException) -> tuple[int, str] | None:
    import typer  # loaded already, unless the error came before it

    if isinstance(error, typer.Exit):
        return error.exit_code, ""
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "openba"
        return USAGE, f"error: {error.format_message().rstrip('.')}; see `{path} --help`"
    return None


def _nobody_reads() -> bool:
    """Whether standard output is the pipe that broke. What is left for it is then dropped, so that nobody
    complains at the end."""
    output = select.poll()
    output.register(sys.stdout, 0)
    if not output.poll(0):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def _report(error: BaseException, arguments: Sequence[str]) -> str:
    from openba.version import DISTRIBUTION, __version__

    title = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
    return (
        f"{''.join(traceback.format_exception(error))}"
        f"This is a bug in {DISTRIBUTION} {__version__}; report it with the traceback above as {title!r}, "
        f"from `{shlex.join(['openba', *arguments])}`"
    )
