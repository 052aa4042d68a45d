"""Which document each token of a chunk belongs to, for stages whose attention does not cross documents."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainer.data.batch import Tokens


def document_numbers(tokens: npt.NDArray[np.integer], eos: int) -> Tokens:
    """The document of each token, counted from 0 in each chunk: [batch, chunk] -> int64 [batch, chunk].
    ``eos`` ends the one before it."""
    ends = np.cumsum(tokens == eos, axis=1)
    return np.concatenate((np.zeros_like(ends[:, :1]), ends[:, :-1]), axis=1)
