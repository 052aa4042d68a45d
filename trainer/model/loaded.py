"""A model in memory once, in the type in which it computes."""

from __future__ import annotations

import torch

from manifests.schema.model import ModelSettings
from trainer.distributed import device
from trainer.model.lora import Read
from trainer.model.transformer import EncoderDecoder
from trainer.tensor_file import CHUNK


@torch.no_grad()
def loaded_model(settings: ModelSettings, vocabulary: int, read: Read, dtype: torch.dtype) -> EncoderDecoder:
    """A model of ``vocabulary`` rows, without dropout, on this process's GPU where there is one. Nothing is
    held beside it but, while it is made, CHUNK elements in float32."""
    with torch.device("meta"):
        model = EncoderDecoder(settings, vocabulary)
    model = model.to(dtype).to_empty(device=device()).eval()
    for name, parameter in model.named_parameters():
        flat = parameter.view(-1)
        for start in range(0, len(flat), CHUNK):
            part = flat[start : start + CHUNK]
            part.copy_(read(name, start, len(part)))
    return model
