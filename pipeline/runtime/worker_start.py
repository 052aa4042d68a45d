"""What comes first in every process that does the corpus's work, before Beam, numba or a kernel is loaded."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.runtime.import_guard import hide_modules

# A file with one of these defines a kernel.
_KERNEL_MARKS = (b"njit", b"arrow.kernel import")
# Ours, then what numba has for files that are not ours and where the folder cannot be written to.
_LOCATORS = (
    "pipeline.runtime.kernel_locator.KernelLocator, InTreeCacheLocator, UserWideCacheLocator, "
    "IPythonCacheLocator, ZipCacheLocator"
)


@cache
def start_worker() -> None:
    """Sets this process up. Without it everything works as well: it takes longer to start, and kernels are
    compiled into numba's own cache.

    BLAS gets one thread, as its threads spin from the start, for matrix products that no step makes. Beam and
    numba do not look for companions that they would load and no step uses. Compiled kernels are kept in one
    folder for all processes of this user.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with hide_modules("scipy"):
        import numba.np.arraymath  # looks for it only to know whether matrix products can be compiled
    numba.config.CACHE_DIR = str(_kernel_cache())
    numba.config.CACHE_LOCATOR_CLASSES = _LOCATORS
    with hide_modules("pandas", "pymongo"), _no_warnings():
        import apache_beam  # noqa: F401 - loaded here once for all


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Beam warns of each cloud client and database driver that is not installed."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _kernel_cache() -> Path:
    """A folder for compiled kernels that is named by their sources.

    numba looks at a kernel's own file only; one that calls a kernel of another file, or reads its constants,
    would go on with the old machine code.
    """
    folder = Path(__file__).parents[1]
    sources = (path.read_bytes() for path in sorted(folder.rglob("*.py")) if _has_kernels(path, folder))
    return Path.home() / ".cache" / "openba-pipeline" / "kernels" / _digest(list(sources))[:16]


def _has_kernels(path: Path, folder: Path) -> bool:
    content = path.read_bytes()
    return path.is_relative_to(folder / "text") or any(mark in content for mark in _KERNEL_MARKS)


def _digest(contents: list[bytes]) -> str:
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


class StartsWorker:
    """Base of what engines send to workers. Where one arrives, the worker is started before anything that it
    holds is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrive, (pickle.dumps((type(self), self.__dict__)),)


@dataclass(frozen=True)
class Packed(StartsWorker):
    """Any value on its way to a worker."""

    value: Any


def _arrive(content: bytes) -> Any:
    start_worker()
    kind, state = pickle.loads(content)
    found = object.__new__(kind)
    found.__dict__.update(state)
    return found
