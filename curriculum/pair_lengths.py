"""How long the pairs of a set are, and what a stage has no room for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from manifests.schema.training import CutPairs

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PairLengths:
    """How many pairs have a prompt, and how many a target, of each length: int64 [greatest length + 1]
    each."""

    prompts: Counts
    targets: Counts

    @classmethod
    def of(cls, blocks: Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> PairLengths:
        """Those of pairs that come in blocks: the lengths of their prompts and of their targets."""
        found = [np.zeros(1, np.int64), np.zeros(1, np.int64)]
        for block in blocks:
            for side, lengths in enumerate(block):
                more = np.bincount(lengths, minlength=len(found[side]))
                more[: len(found[side])] += found[side]
                found[side] = more
        return cls(*found)

    def cut(self, prompt: int, target: int) -> CutPairs:
        """What is cut out where prompts have room for ``prompt`` tokens and targets for ``target``."""
        (prompts, of_prompts), (targets, of_targets) = (
            _beyond(self.prompts, prompt),
            _beyond(self.targets, target),
        )
        return CutPairs(
            pairs=int(self.prompts.sum()),
            prompts=prompts,
            targets=targets,
            tokens=of_prompts + of_targets,
        )


def _beyond(counts: Counts, room: int) -> tuple[int, int]:
    """How many are longer than the room, and by how many tokens together."""
    longer = counts[room + 1 :]
    return int(longer.sum()), int(longer @ np.arange(1, len(longer) + 1))
