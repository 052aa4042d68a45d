"""Keyed 64-bit hashes: every random choice of the curriculum is one of these, never a generator with a
state."""

from __future__ import annotations

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

from manifests.splitmix64 import splitmix64


def key(*parts: int | str) -> np.uint64:
    """A 64-bit key for a purpose, such as ``key(seed, stage, "denoiser")``; the same on every machine."""
    text = json.dumps(parts, ensure_ascii=False).encode()
    return np.uint64(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little"))


def seeds(secret: np.uint64, first: int, count: int) -> NDArray[np.uint64]:
    """Seeds of the positions ``first .. first + count - 1`` under a key: uint64[count], computed from the
    position alone."""
    return splitmix64(splitmix64(np.arange(first, first + count, dtype=np.uint64)) ^ secret)
