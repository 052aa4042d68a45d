"""Keyed 64-bit hashes: every random choice of the curriculum is one of these, never a generator with a
state."""

from __future__ import annotations

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def key(*parts: int | str) -> np.uint64:
    """A 64-bit key for a purpose, such as ``key(seed, stage, "denoiser")``; the same on every machine."""
    text = json.dumps(parts, ensure_ascii=False).encode()
    return np.uint64(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little"))


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64 (Steele, Lea and Flood 2014): a bijection of uint64 whose outputs look independent. Works on
    arrays of any shape."""
    values = values + _GOLDEN
    values = (values ^ (values >> np.uint64(30))) * _FIRST
    values = (values ^ (values >> np.uint64(27))) * _SECOND
    return values ^ (values >> np.uint64(31))


def seeds(secret: np.uint64, first: int, count: int) -> NDArray[np.uint64]:
    """Seeds of the positions ``first .. first + count - 1`` under a key: uint64[count], computed from the
    position alone."""
    return mix(mix(np.arange(first, first + count, dtype=np.uint64)) ^ secret)
