"""The engine and the objectives of a run."""

from __future__ import annotations

import torch

from curriculum.keyed_hash import key
from trainer.engine import TrainingEngine
from trainer.engine_state import StateSource
from trainer.model.transformer import EncoderDecoder
from trainer.model.weight_init import InitialWeights
from trainer.objectives import TrainingObjective, build
from trainer.run import TrainingRun


def build_objectives(run: TrainingRun) -> dict[str, TrainingObjective]:
    """The objective of each stage.

    Raises:
        ManifestError: a denoiser that the chunk or the vocabulary has no room for.
    """
    return {
        stage.name: build(stage.objective, run.shards.vocabulary, run.manifest_folder)
        for stage in run.manifest.stages
    }


def build_engine(run: TrainingRun, source: StateSource | None = None) -> TrainingEngine:
    """A model with a state, or a new one with weights drawn from the curriculum's seed. Callers close it.

    Raises:
        CheckpointError: the source is a checkpoint that does not hold it.
    """
    with torch.device("meta"):
        model = EncoderDecoder(
            run.manifest.model, run.shards.vocabulary.padded, recompute=run.manifest.train.recompute
        )
    seed = int(key(run.manifest.seed, "weights"))
    source = source or InitialWeights(model, run.manifest.model, seed)
    return TrainingEngine(model, run.manifest.train, run.manifest.stages[0].optimizer, source)
