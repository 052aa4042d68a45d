"""OpenBA's stage III: instruction pairs.

Encoder: ``<S> instruction <extra_id_0> </s>``. Labels: ``<extra_id_0> answer </s>``. The released
preprocessing also adds " summarize:" and a second ``</s>``: flaws, not copied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manifests.schema.objectives import InstructionObjective
from manifests.schema.shards import Vocabulary
from trainer.data.batch import Batch, Tokens, pack


@dataclass(frozen=True)
class Ragged:
    """Rows of different lengths, as Arrow keeps a list column: row i is ``values[offsets[i] : offsets[i +
    1]]``."""

    values: npt.NDArray[np.uint32]
    offsets: Tokens

    def cut(self, longest: int) -> Ragged:
        """The first ``longest`` tokens of each row."""
        lengths = np.minimum(self.lengths, longest)
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        index = np.arange(offsets[-1]) + np.repeat(self.offsets[:-1] - offsets[:-1], lengths)
        return Ragged(self.values[index], offsets)

    @property
    def lengths(self) -> Tokens:
        """Tokens of each row, int64 [batch]."""
        return np.diff(self.offsets)

    def padded(self) -> npt.NDArray[np.uint32]:
        """[batch, greatest length]; what stands behind a row's end has no meaning."""
        index = self.offsets[:-1, None] + np.arange(self.lengths.max(initial=0))
        return self.values[np.minimum(index, len(self.values) - 1)]


@dataclass(frozen=True)
class Instruction:
    """Prompts are cut to ``source - 3`` tokens. An answer is cut to ``target - 1`` tokens, and has ``</s>``
    only if it was not cut: a cut answer must not teach the model to stop there."""

    settings: InstructionObjective
    vocabulary: Vocabulary
    denoisers: int = 1
    chunk_length: None = None

    def apply(self, prompts: Ragged, targets: Ragged) -> Batch:
        """As many prompts as targets -> their examples, end to end in a single row. Nothing is drawn or
        padded.

        Instruction pairs differ so much in both lengths that even after sorting half of a padded batch would
        hold nothing.
        """
        v = self.vocabulary
        prompts, targets = prompts.cut(self.settings.source - 3), targets.cut(self.settings.target - 1)
        lengths, target_lengths = prompts.lengths + 3, np.minimum(targets.lengths + 2, self.settings.target)
        encoder = _framed(prompts, lengths, first=v.mode("S"), last=v.eos)
        encoder[np.cumsum(lengths) - 2] = v.sentinel(0)
        labels = _framed(targets, target_lengths, first=v.sentinel(0), last=v.eos)
        return pack(encoder, lengths, labels, target_lengths, v.pad)


def _framed(rows: Ragged, lengths: Tokens, first: int, last: int) -> Tokens:
    """Each row between ``first`` and as many ``last`` as make it ``lengths[i]`` long, end to end: int64 [sum
    of lengths]."""
    starts = np.cumsum(lengths) - lengths
    framed = np.full(lengths.sum(), last)
    framed[starts] = first
    framed[np.arange(len(rows.values)) + np.repeat(starts + 1 - rows.offsets[:-1], rows.lengths)] = (
        rows.values
    )
    return framed
