"""Two halves of documents, by a hash of their ids: thresholds are set on one and judged on the other."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np


def first_half(ids: Iterable[str]) -> np.ndarray:
    """bool [documents]."""
    return np.array([zlib.crc32(id_.encode()) % 2 == 0 for id_ in ids], bool)
