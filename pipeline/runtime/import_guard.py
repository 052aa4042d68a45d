"""Libraries that look for companions while they are imported, and find none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder


class _Nothing(MetaPathFinder):
    """Says of some packages, before any other finder is asked, that they do not exist."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname in self._names:
            raise ModuleNotFoundError(f"{fullname} is hidden", name=fullname)


@contextmanager
def hide_modules(*names: str) -> Iterator[None]:
    """While the block imports, these packages are not there to be found. Those that are loaded already stay,
    and afterwards all are there.

    Beam loads pandas and pymongo and numba loads scipy wherever other software has brought them along: nearly
    as long as all the rest of a worker's start, for what no corpus step uses.
    """
    finder = _Nothing(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
