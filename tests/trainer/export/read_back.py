"""An exported folder's weights, all of them."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from trainer.export.hf_weights import HFWeights
from trainer.export.parameter_layout import parameter_shapes
from trainer.run import TrainingRun


def read_back(folder: Path, run: TrainingRun) -> dict[str, Tensor]:
    """By the names of EncoderDecoder, as a training of the run would read them."""
    model, vocabulary = run.manifest.model, run.shards.vocabulary
    weights = HFWeights(folder, model, vocabulary)
    weights.check_output()
    return {
        name: weights.read(name, 0, shape.numel()).view(shape)
        for name, shape in parameter_shapes(model, vocabulary).items()
    }
