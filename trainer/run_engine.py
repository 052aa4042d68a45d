"""The engine and the objectives of a run."""

from __future__ import annotations

import torch

from curriculum.keyed_hash import key
from trainer.engine import TrainingEngine
from trainer.engine_state import StateSource
from trainer.model.lora import add_lora
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


def build_engine(run: TrainingRun, source: StateSource) -> TrainingEngine:
    """The run's model with a state. Callers close it.

    Raises:
        CheckpointError: the source is a checkpoint that does not hold it.
    """
    model = _shapes(run)
    return TrainingEngine(model, run.manifest.train, run.manifest.stages[0].optimizer, source)


def initial_weights(run: TrainingRun) -> InitialWeights:
    """Those that the curriculum's seed stands for; LoRA's factors, too."""
    return InitialWeights(_shapes(run), run.manifest.model, int(key(run.manifest.seed, "weights")))


def _shapes(run: TrainingRun) -> EncoderDecoder:
    """The model that is trained, on the ``meta`` device."""
    manifest = run.manifest
    with torch.device("meta"):
        model = EncoderDecoder(
            manifest.model, run.shards.vocabulary.padded, recompute=manifest.train.recompute
        )
        if manifest.lora:
            add_lora(model, manifest.lora)
    return model
