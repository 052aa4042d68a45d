"""OpenBA's stage III: instruction pairs.

Encoder: ``<S> instruction <extra_id_0> </s>``. Labels: ``<extra_id_0> answer </s>``. The released
preprocessing also adds " summarize:" and a second ``</s>``: flaws, not copied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from curriculum.example_lengths import instruction_lengths
from curriculum.objective_shape import ObjectiveShape, built_in_shape
from manifests.schema.objectives import InstructionObjective
from manifests.schema.shards import Vocabulary
from trainer.data.batch import Batch, Tokens, pack
from trainer.data.ragged import Pairs, Ragged
from trainer.objectives.counter_rng import U64


@dataclass(frozen=True)
class Instruction:
    """Of a prompt with more than ``source - 3`` tokens the middle is cut out: what is asked stands at its
    beginning or at its end, and both halves of the room go to these (as LongBench cuts, Bai et al. 2023,
    section 4.1). An answer is cut to ``target - 1`` tokens, and has ``</s>`` only if it was not cut: a cut
    answer must not teach the model to stop there."""

    settings: InstructionObjective
    vocabulary: Vocabulary

    @property
    def shape(self) -> ObjectiveShape:
        """Pairs; one denoiser."""
        return built_in_shape(self.settings)

    def lengths(self, pairs: Tokens, denoiser: int, seeds: U64) -> tuple[Tokens, Tokens]:
        """See TrainingObjective."""
        return instruction_lengths(self.settings, pairs)

    def apply(self, samples: Pairs, denoiser: int, seeds: U64) -> Batch:
        """Pairs -> their examples, end to end in a single row. Nothing is drawn or padded; ``denoiser`` and
        ``seeds`` have no effect.

        Instruction pairs differ so much in both lengths that even after sorting half of a padded batch would
        hold nothing.
        """
        v = self.vocabulary
        lengths, target_lengths = self.lengths(
            np.stack((samples.prompts.lengths, samples.targets.lengths)), denoiser, seeds
        )
        room = self.shape.room
        prompts, targets = samples.prompts.cut_middle(room[0]), samples.targets.cut(room[1])
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
