"""How long the pairs of a set are, and what a stage has no room for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from manifests.schema.training import CutPairs


@dataclass(frozen=True, eq=False)
class PairLengths:
    """Tokens of each pair's prompt and target: int64 [pairs] each."""

    prompts: NDArray[np.int64]
    targets: NDArray[np.int64]

    def cut(self, prompt: int, target: int) -> CutPairs:
        """What is cut out where prompts have room for ``prompt`` tokens and targets for ``target``."""
        over = np.maximum(self.prompts - prompt, 0), np.maximum(self.targets - target, 0)
        return CutPairs(
            pairs=len(self.prompts),
            prompts=int((over[0] > 0).sum()),
            targets=int((over[1] > 0).sum()),
            tokens=int(sum(one.sum() for one in over)),
        )
