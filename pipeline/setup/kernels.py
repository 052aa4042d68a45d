"""Whether the text kernels have been compiled: numba does it when one is first called, for more than a
minute in all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numba


def compiled_by(first_run: Callable[[], None]) -> bool:
    """Calls ``first_run``, which must use every kernel, unless that was done before with these sources.
    False if there was nothing to do."""
    stamp = Path(numba.config.CACHE_DIR) / ".all"
    if stamp.exists():
        return False
    first_run()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.touch()
    return True
