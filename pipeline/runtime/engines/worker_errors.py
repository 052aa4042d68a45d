"""An error for the user, raised in a worker, reaches the command as it was raised."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from manifests.errors import UserError
from manifests.stop_signals import StopSignal

# What a portable runner sends home is text: the last line of a traceback, with Beam's addition.
_REMOTE = re.compile(r"^([\w.]+)\.(\w+): (.*?)(?: \[while running '[^\n]*'\])?$", re.MULTILINE)


@contextmanager
def user_errors_unwrapped() -> Iterator[None]:
    """Raises the UserError (or the signal to stop) that the engine's error inside the block stands for,
    without what the engine added. Other errors, which are faults of a program, keep their type, text and
    traceback."""
    beam = logging.getLogger("apache_beam.runners.common")  # prints each error that it also raises
    disabled, beam.disabled = beam.disabled, True
    try:
        yield
    except BaseException as error:
        found = _found(error)
        if found is None or found is error:
            raise
        raise found from None
    finally:
        beam.disabled = disabled


@contextmanager
def system_errors_unwrapped() -> Iterator[None]:
    """Raises the OSError or MemoryError that Beam's error inside the block stands for: Beam tells of one by
    RuntimeError, as it does of a program's faults."""
    try:
        yield
    except RuntimeError as error:
        inner: BaseException | None = error
        while inner is not None and _wraps(inner):
            inner = inner.__cause__ or inner.__context__
        if not isinstance(inner, OSError | MemoryError):
            raise
        raise inner from None


def _found(error: BaseException | None) -> BaseException | None:
    """What the engine's wrappers hold, if it is for the user. Anything else on the way ends the search: an
    error in the handling of another one is a fault."""
    while error is not None and _wraps(error):
        inner = getattr(error, "cause", None) or error.__cause__ or error.__context__
        if inner is None:
            return _told(error)
        error = inner
    return error if isinstance(error, UserError | StopSignal) else None


def _wraps(error: BaseException) -> bool:
    """Beam marks the copies that it raises, and tells of a remote failure by RuntimeError; Ray's errors are
    its own classes."""
    own = any(base.__module__.startswith("ray.") for base in type(error).__mro__)
    return own or hasattr(error, "_tagged_with_step") or type(error) is RuntimeError


def _told(error: BaseException) -> UserError | None:
    for module, name, text in reversed(_REMOTE.findall(str(error))):
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type) and issubclass(kind, UserError):
            return kind(text)
    return None
