"""Settings of the model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from manifests.schema.base import Strict
from manifests.schema.values import Positive


class ModelSettings(Strict):
    """An OpenBA-style encoder-decoder (arXiv 2309.10706): shared embedding, rotary positions, SwiGLU."""

    d_model: Positive
    """Width of the residual stream. OpenBA-15B: 4096."""
    encoder_layers: Positive
    """Layers of the encoder. OpenBA-15B: 12."""
    decoder_layers: Positive
    """Layers of the decoder. OpenBA-15B: 36."""
    heads: Positive
    """Attention heads. Attention is ``heads * head_size`` wide, which need not be ``d_model``. OpenBA-15B:
    40."""
    head_size: Annotated[int, Field(ge=2, multiple_of=2)]
    """Width of a head; even, because rotary positions turn pairs. OpenBA-15B: 128."""
    d_ff: Positive
    """Counted as in OpenBA: the SwiGLU layers are two thirds of it wide, rounded up to a multiple of 256.
    OpenBA-15B: 16384, which makes 11008."""
    norm: Literal["sandwich", "pre"] = "sandwich"
    """``sandwich`` is the paper's: RMSNorm before and after each block. ``pre`` is that of the released
    weights: LayerNorm with bias, biases in the attention and on the output; the one that exports to the
    released class."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Probability of dropout on embedding, attention and block outputs. 0.1 as released."""
    rope_base: Annotated[float, Field(gt=1)] = 10_000.0
    """Base of the rotary positions (Su et al. 2021). 10,000 as released."""
    init_std: Annotated[float, Field(gt=0)] = 0.02
    """Standard deviation of the initial weights. 0.02 as released; about 1 / sqrt(d_model) for small
    models."""

    @property
    def ffn_hidden(self) -> int:
        """Width of the SwiGLU layers: two thirds of ``d_ff``, without the fraction, rounded up to a multiple
        of 256 (16384 -> 11008)."""
        return max(256, -(-(2 * self.d_ff // 3) // 256) * 256)
