"""Two halves of documents, by a hash of their ids: thresholds are set on one and judged on the other. All
pieces of a document are in one of them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

import numpy as np

from manifests.schema.documents import PIECE_ID


def first_half(ids: Iterable[str]) -> np.ndarray:
    """bool [documents]."""
    whole = (re.sub(PIECE_ID, "", id_) for id_ in ids)
    return np.array([zlib.crc32(id_.encode()) % 2 == 0 for id_ in whole], bool)
