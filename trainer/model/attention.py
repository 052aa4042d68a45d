"""Self-attention with rotary positions, and attention to the encoder's output without."""

from __future__ import annotations

from torch import Tensor, nn

from manifests.schema.model import ModelSettings
from trainer.model.attention_heads import split_heads
from trainer.model.bf16_linear import Linear
from trainer.model.dropout import Dropout, Examples
from trainer.model.kv_cache import LayerKVCache
from trainer.model.masks import Mask, attend
from trainer.model.rope import Rotation


class SelfAttention(nn.Module):
    """Multi-head attention, ``heads * head_size`` wide, scale 1 / sqrt(head_size), biases on q, k, v and o.

    One product makes q, k and v; the rows of ``qkv`` are all q, then all k, then all v, each by head.
    """

    def __init__(self, settings: ModelSettings, *, causal: bool) -> None:
        super().__init__()
        self.heads, self.head_size = settings.heads, settings.head_size
        self.dropout, self.causal = Dropout(settings.dropout), causal
        width = settings.heads * settings.head_size
        self.qkv = Linear(settings.d_model, 3 * width)
        self.out = Linear(width, settings.d_model)

    def forward(
        self,
        x: Tensor,
        rotation: Rotation,
        mask: Mask = None,
        cache: LayerKVCache | None = None,
        examples: Examples | None = None,
    ) -> Tensor:
        """[batch, positions, d_model] -> same.

        Args:
            rotation: of the positions of ``x``.
            mask: bool [batch, 1, 1 or positions, positions], true where a query may attend to a key; or
                segments (see trainer.model.masks).
            cache: earlier positions, to attend to as well; ``x`` must then be one position, or the first
                ones.
            examples: as in Dropout.

        Raises:
            ValueError: several positions after earlier ones.
        """
        batch, length, _ = x.shape
        if cache is not None and cache.length and length > 1:
            raise ValueError(
                f"{length} positions after {cache.length} in the cache; give the first ones together, then "
                "one by one"
            )
        queries, keys, values = split_heads(self.qkv(x), 3, self.head_size, rotation)
        if cache is not None:
            keys, values = cache.extend(keys, values)
        dropout = self.dropout.draws(examples)
        mixed = attend(queries, keys, values, mask, causal=self.causal and length > 1, dropout=dropout)
        output: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, length, -1))
        return output


class CrossAttention(nn.Module):
    """The decoder's attention to the encoder's output: no positions, no causal mask; otherwise as in
    SelfAttention."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        self.heads, self.head_size = settings.heads, settings.head_size
        self.dropout = Dropout(settings.dropout)
        width = settings.heads * settings.head_size
        self.q = Linear(settings.d_model, width)
        self.kv = Linear(settings.d_model, 2 * width)
        self.out = Linear(width, settings.d_model)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        mask: Mask = None,
        cache: LayerKVCache | None = None,
        examples: Examples | None = None,
    ) -> Tensor:
        """[batch, positions, d_model] -> same; ``memory`` is [batch, source positions, d_model], ``mask``
        bool [batch, 1, 1 or positions, source positions] or segments; ``examples`` as in Dropout."""
        batch, length, _ = x.shape
        queries = self.q(x).view(batch, length, self.heads, self.head_size).transpose(1, 2)
        if cache is None:
            keys, values = self._project(memory)
        else:
            keys, values = cache.cross = cache.cross or self._project(memory)
        dropout = self.dropout.draws(examples)
        mixed = attend(queries, keys, values, mask, causal=False, dropout=dropout)
        output: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, length, -1))
        return output

    def _project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        keys, values = split_heads(self.kv(memory), 2, self.head_size)
        return keys, values
