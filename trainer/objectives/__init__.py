"""Training objectives: how stream chunks and instruction pairs become examples. Numpy, a whole batch at a
time."""

from __future__ import annotations

from manifests.schema.objectives import InstructionObjective, Objective, PrefixObjective, UL2Objective
from manifests.schema.shards import Vocabulary
from trainer.objectives.instruction import Instruction, Ragged
from trainer.objectives.prefix_lm import Prefix
from trainer.objectives.ul2 import UL2

__all__ = ["UL2", "Instruction", "Prefix", "Ragged", "build"]


def build(objective: Objective, vocabulary: Vocabulary) -> UL2 | Prefix | Instruction:
    """The objective of a stage.

    Stream objectives (``chunk_length`` is a number) have ``apply(tokens uint32 [batch, chunk_length],
    denoiser, seeds uint64 [batch])``; instructions (``chunk_length`` is None) ``apply(prompts, targets)``.

    Raises:
        ManifestError: a denoiser that the chunk or the vocabulary has no room for.
    """
    match objective:
        case UL2Objective():
            return UL2(objective, vocabulary)
        case PrefixObjective():
            return Prefix(objective, vocabulary)
        case InstructionObjective():
            return Instruction(objective, vocabulary)
