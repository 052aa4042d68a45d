"""Kernels that other kernels call for every few bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

from pipeline.text.arrow.kernel import Kernel


def kernel_without_refcounts(function: Callable[..., Any]) -> Kernel:
    """Makes a kernel that borrows its arrays from its caller.

    Others take and give back a reference to every array that they are called with, by an atomic operation
    each: several times the cost of reading a few bytes. Such a kernel must not allocate or return an array;
    numba refuses one that allocates."""
    compiled: Kernel = numba.njit(cache=True, nogil=True, _nrt=False)(function)
    return compiled
