"""The hash by which repeated pairs are found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.steps.shards.token_gather import flat
from pipeline.text.arrow.kernel import kernel

Int64 = npt.NDArray[np.int64]


def pair_hashes(batch: pa.RecordBatch) -> npt.NDArray[np.uint64]:
    """A hash of each pair's tokens [pairs]. Tokens are the text (nothing is lost in them), so equal tokens
    are equal pairs."""
    prompts, prompt_starts = flat(batch.column("prompt"))
    targets, target_starts = flat(batch.column("target"))
    return np.asarray(hash_pairs(prompts, prompt_starts, targets, target_starts))


@kernel
def hash_pairs(
    prompts: npt.NDArray[np.uint32],
    prompt_starts: Int64,
    targets: npt.NDArray[np.uint32],
    target_starts: Int64,
) -> npt.NDArray[np.uint64]:
    """FNV-1a over 32-bit words instead of bytes; the prompt's end is a word that no token is."""
    out = np.empty(len(prompt_starts) - 1, np.uint64)
    prime = np.uint64(0x100000001B3)
    for row in range(len(out)):
        value = np.uint64(0xCBF29CE484222325)
        for at in range(prompt_starts[row], prompt_starts[row + 1]):
            value = (value ^ np.uint64(prompts[at])) * prime
        value = (value ^ np.uint64(0xFFFFFFFF)) * prime
        for at in range(target_starts[row], target_starts[row + 1]):
            value = (value ^ np.uint64(targets[at])) * prime
        out[row] = value
    return out
