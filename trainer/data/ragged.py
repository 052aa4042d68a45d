"""Rows of tokens of different lengths, and pairs of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.data.batch import Tokens


@dataclass(frozen=True)
class Ragged:
    """Rows of different lengths, as Arrow keeps a list column: row i is ``values[offsets[i] : offsets[i +
    1]]``."""

    values: npt.NDArray[np.uint32]
    offsets: Tokens

    @classmethod
    def of(cls, rows: list[npt.NDArray[np.uint32]]) -> Ragged:
        """Arrays uint32 [any length], end to end."""
        return cls(np.concatenate(rows), np.cumsum([0] + [len(row) for row in rows], dtype=np.int64))

    def cut(self, longest: int) -> Ragged:
        """The first ``longest`` tokens of each row."""
        return self._without_middle(longest, longest)

    def cut_middle(self, longest: int) -> Ragged:
        """Each row without so much of its middle that ``longest`` tokens are left: half of them its first,
        and half, or one more, its last."""
        return self._without_middle(longest // 2, longest)

    def _without_middle(self, head: int, longest: int) -> Ragged:
        lengths = np.minimum(self.lengths, longest)
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        place = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        skipped = np.where(place < head, 0, np.repeat(self.lengths - lengths, lengths))
        return Ragged(self.values[np.repeat(self.offsets[:-1], lengths) + place + skipped], offsets)

    @property
    def lengths(self) -> Tokens:
        """Tokens of each row, int64 [batch]."""
        return np.diff(self.offsets)

    def padded(self) -> npt.NDArray[np.uint32]:
        """[batch, greatest length]; what comes after a row's end has no meaning."""
        index = self.offsets[:-1, None] + np.arange(self.lengths.max(initial=0))
        return self.values[np.minimum(index, len(self.values) - 1)]


class Pairs(NamedTuple):
    """As many prompts as targets."""

    prompts: Ragged
    targets: Ragged
