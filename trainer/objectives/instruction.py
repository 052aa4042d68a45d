"""OpenBA's stage III: instruction pairs.

Encoder: ``<S> instruction <extra_id_0> </s>``. Labels: ``<extra_id_0> answer </s>``. The released preprocessing also adds
" summarize:" and a second ``</s>``: flaws, not copied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manifests.schema.curriculum import InstructionObjective
from manifests.schema.shards import Vocabulary
from trainer.batch import Batch, Tokens, make_batch
from trainer.objectives.prefix import frame_prompt, frame_target


@dataclass(frozen=True)
class Ragged:
    """Rows of different lengths, as Arrow keeps a list column: row i is ``values[offsets[i] : offsets[i + 1]]``."""

    values: npt.NDArray[np.uint32]
    offsets: Tokens

    def padded(self, longest: int) -> tuple[npt.NDArray[np.uint32], Tokens]:
        """The first ``longest`` tokens of each row as [batch, greatest length], and the lengths int64 [batch]; what stands behind a row's
        end has no meaning."""
        lengths = np.minimum(np.diff(self.offsets), longest)
        index = self.offsets[:-1, None] + np.arange(lengths.max(initial=0))
        return self.values[np.minimum(index, len(self.values) - 1)], lengths


@dataclass(frozen=True)
class Instruction:
    """Prompts are cut to ``source - 3`` tokens. An answer is cut to ``target - 1`` tokens, and has ``</s>`` only if it was not cut: a
    cut answer must not teach the model to stop there."""

    settings: InstructionObjective
    vocabulary: Vocabulary
    denoisers: int = 1
    chunk_length: None = None

    def apply(self, prompts: Ragged, targets: Ragged) -> Batch:
        """As many prompts as targets -> examples, padded to the longest of each. Nothing is drawn."""
        prompt, prompt_lengths = prompts.padded(self.settings.source - 3)
        target, target_lengths = targets.padded(self.settings.target - 1)
        encoder = frame_prompt(prompt, prompt_lengths, self.vocabulary)
        labels = frame_target(target, target_lengths, self.vocabulary)[:, : self.settings.target]
        return make_batch(encoder, labels, self.vocabulary.pad, prompt_lengths + 3)
