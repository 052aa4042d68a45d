"""Training objectives: how stream chunks and instruction pairs become examples. Numpy, a whole batch at a
time."""

from __future__ import annotations

from pathlib import Path

from curriculum.plugin_objective import load_objective
from manifests.schema.objectives import InstructionObjective, Objective, PrefixObjective, UL2Objective
from manifests.schema.shards import Vocabulary
from manifests.schema.training_plugins import PluginObjective
from trainer.data.ragged import Pairs, Ragged
from trainer.objectives.instruction import Instruction
from trainer.objectives.plugin import PluggedObjective
from trainer.objectives.prefix_lm import Prefix
from trainer.objectives.training_objective import TrainingObjective
from trainer.objectives.ul2 import UL2

__all__ = ["UL2", "Instruction", "Pairs", "Prefix", "Ragged", "TrainingObjective", "build"]


def build(objective: Objective, vocabulary: Vocabulary, folder: Path = Path()) -> TrainingObjective:
    """The objective of a stage; ``folder`` is that of the curriculum's manifest, where plug-ins are.

    Raises:
        ManifestError: a denoiser that the chunk or the vocabulary has no room for.
        PluginError: a plug-in cannot be found, or failed.
    """
    match objective:
        case UL2Objective():
            return UL2(objective, vocabulary)
        case PrefixObjective():
            return Prefix(objective, vocabulary)
        case InstructionObjective():
            return Instruction(objective, vocabulary)
        case PluginObjective():
            return PluggedObjective(load_objective(objective, vocabulary, folder))
