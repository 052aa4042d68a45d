"""Whether the text kernels have been compiled: numba does it when one is first called, for more than a
minute in all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numba


def are_compiled() -> bool:
    """Whether that was done with these sources, on this machine."""
    return _stamp().exists()


def compiled_by(first_run: Callable[[], None]) -> bool:
    """Calls ``first_run``, which must use every kernel, unless that was done before with these sources.
    False if there was nothing to do."""
    if are_compiled():
        return False
    first_run()
    stamp = _stamp()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.touch()
    return True


def _stamp() -> Path:
    return Path(numba.config.CACHE_DIR) / ".all"
