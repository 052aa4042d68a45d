"""Kernels that compare bytes with words known beforehand."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts


def codes(words: Iterable[bytes]) -> np.ndarray:
    """int64: words of up to seven bytes as the numbers that their bytes make, most significant first."""
    return np.array(sorted({int.from_bytes(word, "big") for word in words}), np.int64)


@kernel_without_refcounts
def is_one_of(value, known):  # type: ignore[no-untyped-def]
    """Whether ``value`` is in the array ``known``."""
    for item in known:  # noqa: SIM110 - numba compiles no generators
        if item == value:
            return True
    return False


@kernel_without_refcounts
def code_of_three(data, at):  # type: ignore[no-untyped-def]
    """The three bytes from ``at`` on as a number, as ``codes`` makes them."""
    return np.int64(data[at]) << 16 | np.int64(data[at + 1]) << 8 | np.int64(data[at + 2])


@kernel_without_refcounts
def text_stands_at(data, at, begin, end, text, case_bit):  # type: ignore[no-untyped-def]
    """Whether ``text`` is at ``at``; ``case_bit`` is or'ed to each byte (``CASE_BIT``: in capitals or
    small letters; 0: exactly so)."""
    if at < begin or at + text.size > end:
        return False
    for index in range(text.size):  # noqa: SIM110 - numba compiles no generators
        if data[at + index] | case_bit != text[index]:
            return False
    return True
