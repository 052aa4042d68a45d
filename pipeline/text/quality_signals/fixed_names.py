"""Names of one length, as rows of bytes, at a place of a text."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import kernel


@kernel
def any_stands_at(names: np.ndarray, data: np.ndarray, at: int, stop: int) -> bool:
    """Whether one of ``names``, uint8 [names, length], stands at a byte, before ``stop``."""
    for k in range(names.shape[0]):
        same = at + names.shape[1] <= stop
        for j in range(names.shape[1]):
            same = same and data[at + j] == names[k, j]
        if same:
            return True
    return False
