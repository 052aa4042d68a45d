"""The one entry point: ``openba``, and ``python -m openba``, ``pipeline``, ``trainer`` and ``manifests``."""

from __future__ import annotations

import os
import sys
import threading

from manifests.errors import UserError
from openba.cli.exit import run

PYTHON = (3, 11)


def entry() -> None:
    """What the console script calls."""
    code = main()
    if any(thread.name == "checkpoint" for thread in threading.enumerate()):
        # A second Ctrl-C does not wait for it. If gloo wakes it in the interpreter's own end, all is aborted.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def main(arguments: list[str] | None = None) -> int:
    """Runs a command line and returns its exit code. 0: done; 1: an error that the message on standard error
    explains; 2: a wrong command line; 3: there is less text than asked for; 130: interrupted."""
    given = sys.argv[1:] if arguments is None else arguments
    return run(lambda: _command(given), given)


def _command(arguments: list[str]) -> int:
    _check_python()
    from openba.cli.app import command  # not before: another Python may have none of our dependencies

    with command().make_context("openba", list(arguments)) as context:
        return command().invoke(context) or 0


def _check_python() -> None:
    if sys.version_info[:2] != PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        raise UserError(
            f"this is Python {found}, but openba needs Python {'.'.join(map(str, PYTHON))}",
            where=sys.executable,
            fix="install it and make the environment with it",
        )
