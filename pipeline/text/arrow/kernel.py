"""How text kernels are compiled: by numba to machine code that is cached on disk and holds no lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numba


class Kernel(Protocol):
    """A function that is compiled when it is first called with arguments of some types."""

    py_func: Callable[..., Any]
    """The function as Python runs it."""

    def __call__(self, *arguments: Any) -> Any:
        """Runs the machine code."""


def kernel(function: Callable[..., Any]) -> Kernel:
    """Makes a kernel of a function."""
    compiled: Kernel = numba.njit(cache=True, nogil=True)(function)
    return compiled


def inlined(function: Callable[..., Any]) -> Kernel:
    """Makes a kernel that becomes a part of those that call it, before types are known."""
    compiled: Kernel = numba.njit(inline="always")(function)
    return compiled
