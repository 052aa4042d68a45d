"""Training objectives: how stream chunks and instruction pairs become examples. Numpy, a whole batch at a
time."""

from __future__ import annotations

from manifests.schema.objectives import InstructionObjective, Objective, PrefixObjective, UL2Objective
from manifests.schema.shards import Vocabulary
from trainer.data.ragged import Pairs, Ragged
from trainer.objectives.instruction import Instruction
from trainer.objectives.prefix_lm import Prefix
from trainer.objectives.training_objective import TrainingObjective
from trainer.objectives.ul2 import UL2

__all__ = ["UL2", "Instruction", "Pairs", "Prefix", "Ragged", "TrainingObjective", "build"]


def build(objective: Objective, vocabulary: Vocabulary) -> TrainingObjective:
    """The objective of a stage.

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
