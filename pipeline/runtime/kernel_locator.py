"""Where numba keeps our compiled kernels: by their place in the package, wherever that lies."""

from __future__ import annotations

from pathlib import Path

from numba.core.caching import UserProvidedCacheLocator

PACKAGE = Path(__file__).parents[1]


class KernelLocator(UserProvidedCacheLocator):
    """Numba's own for a folder that is given, but for the path of the source: another checkout, or the copy
    that a job brings to a cluster, would compile all kernels anew. The given folder is named by their
    sources (see worker_start), so that equal names are equal kernels."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """The folder's name within the given one."""
        file = Path(py_file)
        if file.is_relative_to(PACKAGE):
            return "-".join(file.relative_to(PACKAGE.parent).parts[:-1])
        name: str = super().get_suitable_cache_subpath(py_file)
        return name
