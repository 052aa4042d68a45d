"""A small vocabulary and a small model for the trainer's tests."""

from __future__ import annotations

import torch

from manifests.schema.model import ModelSettings
from manifests.schema.shards import Vocabulary
from manifests.schema.steps import File
from trainer.model.transformer import EncoderDecoder

RELEASED = Vocabulary(
    model=File(path="mt5.model", sha256="0" * 64, bytes=1), pieces=250_100, size=250_203, padded=250_368
)
SMALL = Vocabulary(model=File(path="small.model", sha256="0" * 64, bytes=1), pieces=150, size=253, padded=256)


def small_settings(**changes: object) -> ModelSettings:
    """Attention 24 wide in a model 16 wide, as OpenBA's is wider than its model; no dropout."""
    defaults = {
        "d_model": 16,
        "encoder_layers": 2,
        "decoder_layers": 3,
        "heads": 3,
        "head_size": 8,
        "d_ff": 16,
        "dropout": 0.0,
    }
    return ModelSettings.model_validate(defaults | changes)


def small_model(seed: int = 0, std: float = 0.2, **changes: object) -> EncoderDecoder:
    """Weights larger than usual, so that what a model computes depends on all of its inputs."""
    model = EncoderDecoder(small_settings(init_std=std, **changes), SMALL.padded, seed=seed)
    for name, weight in model.named_parameters():
        if "output_norm" in name:
            torch.nn.init.ones_(weight)
    return model
