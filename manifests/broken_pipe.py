"""Output that nobody reads any more, as after ``| head``, is lost; the work goes on."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Pipe(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            return len(data)


@contextmanager
def output_may_be_lost() -> Iterator[None]:
    """Inside, writing to a standard output that was closed at its other end is no error. A standard output
    that the caller has replaced is left alone."""
    before = sys.stdout
    if before is not sys.__stdout__ or before is None:
        yield
        return
    before.flush()
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Pipe(before.fileno(), "w", closefd=False)),
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=before.line_buffering,
    )
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stdout = before
