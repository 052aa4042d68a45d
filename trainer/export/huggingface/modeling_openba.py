# SPDX-License-Identifier: Apache-2.0
# mypy: allow-subclassing-any, no-warn-return-any
"""The OpenBA encoder-decoder (arXiv 2309.10706) for transformers, with both of its normalisations. Tested
with transformers 4.57 and 5.24.

Shapes: [batch, positions, hidden_size] unless said otherwise.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.cache_utils import Cache, DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput

from .configuration_openba import OpenBAConfig

Rotation = tuple[Tensor, Tensor]


def make_norm(config: OpenBAConfig) -> nn.Module:
    """The normalisation of [..., hidden_size] that the configuration names."""
    kind = nn.LayerNorm if config.norm == "pre" else nn.RMSNorm
    return kind(config.hidden_size, eps=1e-5)


def make_output_norm(config: OpenBAConfig) -> nn.Module:
    """The second slice of the sandwich."""
    return nn.Identity() if config.norm == "pre" else make_norm(config)


def rotation(start: int, length: int, config: OpenBAConfig, like: Tensor) -> Rotation:
    """Cosines and sines of the positions from ``start`` on, each [length, kv_channels / 2]; float32 until the
    end."""
    steps = torch.arange(0, config.kv_channels, 2, device=like.device, dtype=torch.float32)
    positions = torch.arange(start, start + length, device=like.device, dtype=torch.float32)
    angles = torch.outer(positions, config.rope_base ** -(steps / config.kv_channels))
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


def rotate(x: Tensor, turn: Rotation) -> Tensor:
    """Rotary positions, rotate-half form: [batch, heads, positions, kv_channels] -> same."""
    first, second = x.chunk(2, dim=-1)
    cos, sin = turn
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class OpenBAAttention(nn.Module):
    """Self-attention with rotary positions. The rows of ``qkv`` are, head by head, q, k and v."""

    def __init__(self, config: OpenBAConfig, layer: int, causal: bool) -> None:
        super().__init__()
        width = config.num_heads * config.kv_channels
        self.config, self.layer, self.causal = config, layer, causal
        self.qkv = nn.Linear(config.hidden_size, 3 * width)
        self.o = nn.Linear(width, config.hidden_size)

    def forward(
        self, x: Tensor, turn: Rotation, mask: Tensor | None, cache: EncoderDecoderCache | None
    ) -> Tensor:
        """[batch, positions, hidden_size] -> same; ``mask`` as scaled_dot_product_attention takes it,
        ``cache`` holds earlier positions."""
        batch, length, _ = x.shape
        shape = (batch, length, self.config.num_heads, 3, self.config.kv_channels)
        queries, keys, values = self.qkv(x).view(shape).permute(3, 0, 2, 1, 4)
        queries, keys = rotate(queries, turn), rotate(keys, turn)
        if cache is not None:
            keys, values = cache.self_attention_cache.update(keys, values, self.layer)
        causal = self.causal and length > 1
        if causal and keys.shape[2] > length:  # several positions after cached ones
            mask = torch.ones(length, keys.shape[2], dtype=torch.bool, device=x.device)
            mask, causal = mask.tril(keys.shape[2] - length), False
        dropout = self.config.attention_dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask, is_causal=causal, dropout_p=dropout
        )
        return self.o(mixed.transpose(1, 2).reshape(batch, length, -1))


class OpenBACrossAttention(nn.Module):
    """The decoder's attention to the encoder's output, without positions. The rows of ``kv`` are, head by
    head, k and v."""

    def __init__(self, config: OpenBAConfig, layer: int) -> None:
        super().__init__()
        width = config.num_heads * config.kv_channels
        self.config, self.layer = config, layer
        self.q = nn.Linear(config.hidden_size, width)
        self.kv = nn.Linear(config.hidden_size, 2 * width)
        self.o = nn.Linear(width, config.hidden_size)

    def forward(
        self, x: Tensor, memory: Tensor, mask: Tensor | None, cache: EncoderDecoderCache | None
    ) -> Tensor:
        """[batch, positions, hidden_size], attending to ``memory`` [batch, source positions, hidden_size] ->
        the shape of ``x``."""
        batch, length, _ = x.shape
        heads, size = self.config.num_heads, self.config.kv_channels
        queries = self.q(x).view(batch, length, heads, size).transpose(1, 2)
        if cache is not None and cache.is_updated.get(self.layer):
            held = cache.cross_attention_cache.layers[self.layer]
            keys, values = held.keys, held.values
        else:
            shape = (*memory.shape[:2], heads, 2, size)
            keys, values = self.kv(memory).view(shape).permute(3, 0, 2, 1, 4)
            if cache is not None:
                keys, values = cache.cross_attention_cache.update(keys, values, self.layer)
                cache.is_updated[self.layer] = True
        dropout = self.config.attention_dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, dropout_p=dropout)
        return self.o(mixed.transpose(1, 2).reshape(batch, length, -1))


class OpenBAMLP(nn.Module):
    """SwiGLU. The rows of ``fc_in`` are all gates, then all ups."""

    def __init__(self, config: OpenBAConfig) -> None:
        super().__init__()
        self.fc_in = nn.Linear(config.hidden_size, 2 * config.mlp_size, bias=False)
        self.fc_out = nn.Linear(config.mlp_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, positions, hidden_size] -> same."""
        gate, up = self.fc_in(x).chunk(2, dim=-1)
        return self.fc_out(F.silu(gate) * up)


class OpenBABlock(nn.Module):
    """Sublayers, each x + output_norm(sublayer(norm(x))); the norms' names are those of the released
    model."""

    def __init__(self, config: OpenBAConfig, layer: int, decoder: bool) -> None:
        super().__init__()
        self.dropout = config.hidden_dropout
        self.input_layernorm = make_norm(config)
        self.self_attn = OpenBAAttention(config, layer, causal=decoder)
        self.self_attn_output_layernorm = make_output_norm(config)
        self.post_attn_layernorm = make_norm(config)
        if decoder:
            self.inter_attn = OpenBACrossAttention(config, layer)
            self.inter_attn_output_layernorm = make_output_norm(config)
            self.post_inter_attn_layernorm = make_norm(config)
        self.mlp = OpenBAMLP(config)
        self.mlp_output_layernorm = make_output_norm(config)

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)

    def forward(
        self,
        x: Tensor,
        turn: Rotation,
        mask: Tensor | None,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        cache: EncoderDecoderCache | None = None,
    ) -> Tensor:
        """[batch, positions, hidden_size] -> same; with ``memory`` [batch, source positions, hidden_size] in
        the decoder."""
        attended = self.self_attn(self.input_layernorm(x), turn, mask, cache)
        x = x + self._drop(self.self_attn_output_layernorm(attended))
        normed = self.post_attn_layernorm(x)
        if memory is not None:
            attended = self.inter_attn(normed, memory, memory_mask, cache)
            x = x + self._drop(self.inter_attn_output_layernorm(attended))
            normed = self.post_inter_attn_layernorm(x)
        return x + self._drop(self.mlp_output_layernorm(self.mlp(normed)))


class OpenBAStack(nn.Module):
    """Encoder or decoder. The embedding is the model's, held in a tuple so that it is not the stack's
    parameter too."""

    main_input_name = "input_ids"

    def __init__(self, config: OpenBAConfig, embedding: nn.Embedding, decoder: bool) -> None:
        super().__init__()
        self.config, self._embedding = config, (embedding,)
        layers = config.num_decoder_layers if decoder else config.num_layers
        self.block = nn.ModuleList(OpenBABlock(config, layer, decoder) for layer in range(layers))
        self.final_layernorm = make_norm(config)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        encoder_hidden_states: Tensor | None = None,
        past_key_values: EncoderDecoderCache | None = None,
        **_: Any,
    ) -> BaseModelOutput:
        """int64 [batch, positions] -> hidden states; ``attention_mask`` [batch, source positions] is over the
        source in both stacks. What else ``generate`` passes (which outputs to return) has no effect."""
        x = F.dropout(self._embedding[0](input_ids), self.config.hidden_dropout, self.training)
        start = 0 if past_key_values is None else past_key_values.get_seq_length()
        turn = rotation(start, x.shape[1], self.config, x)
        mask = None if attention_mask is None else attention_mask.bool()[:, None, None, :]
        for block in self.block:
            if encoder_hidden_states is None:
                x = block(x, turn, mask)
            else:
                x = block(x, turn, None, encoder_hidden_states, mask, past_key_values)
        return BaseModelOutput(last_hidden_state=self.final_layernorm(x))


class OpenBAForConditionalGeneration(PreTrainedModel, GenerationMixin):
    """Encoder, decoder and output layer. Prompts are ``<S> text <extra_id_0> </s>``; answers begin with
    ``<extra_id_0>``."""

    config_class = OpenBAConfig
    base_model_prefix = "model"
    main_input_name = "input_ids"
    _no_split_modules = ["OpenBABlock"]
    _supports_sdpa = True

    def __init__(self, config: OpenBAConfig) -> None:
        super().__init__(config)
        self.shared_embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.encoder = OpenBAStack(config, self.shared_embedding, decoder=False)
        self.decoder = OpenBAStack(config, self.shared_embedding, decoder=True)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Weights come from a checkpoint; nothing is drawn."""

    def get_encoder(self) -> OpenBAStack:
        """The stack that reads."""
        return self.encoder

    def get_decoder(self) -> OpenBAStack:
        """The stack that writes."""
        return self.decoder

    def get_input_embeddings(self) -> nn.Embedding:
        """The one embedding, of encoder, decoder and output."""
        return self.shared_embedding

    def get_output_embeddings(self) -> nn.Linear:
        """The output layer; its weight is the embedding's."""
        return self.lm_head

    def prepare_decoder_input_ids_from_labels(self, labels: Tensor) -> Tensor:
        """The labels one position later, after the start token: int64 [batch, positions] -> same."""
        shifted = labels.roll(1, dims=1)
        shifted[:, 0] = self.config.decoder_start_token_id
        return shifted.masked_fill(shifted == -100, self.config.pad_token_id)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        encoder_outputs: BaseModelOutput | tuple[Tensor, ...] | None = None,
        past_key_values: Cache | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        **others: Any,
    ) -> Seq2SeqLMOutput:
        """Logits [batch, positions, vocab_size], and with ``labels`` (-100: none) their mean loss. Rows of
        ``decoder_input_ids`` may be padded at the end only. Of ``others`` only ``cache`` has an effect: it is
        what transformers 5 calls ``past_key_values``.

        Raises:
            ValueError: a ``decoder_attention_mask`` that is not all ones.
        """
        past_key_values = others.get("cache", past_key_values)
        if (padding := others.get("decoder_attention_mask")) is not None and not padding.all():
            advice = "pad decoder_input_ids at the end only, and leave the mask out"
            raise ValueError(f"decoder_attention_mask has zeros; {advice}")
        if encoder_outputs is None:
            encoder_outputs = self.encoder(input_ids, attention_mask)
        if decoder_input_ids is None and labels is not None:
            decoder_input_ids = self.prepare_decoder_input_ids_from_labels(labels)
        if use_cache and past_key_values is None:
            past_key_values = EncoderDecoderCache(DynamicCache(), DynamicCache())
        memory = encoder_outputs[0]
        hidden = self.decoder(decoder_input_ids, attention_mask, memory, past_key_values).last_hidden_state
        logits = self.lm_head(hidden)
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=-100)
        return Seq2SeqLMOutput(
            loss=loss, logits=logits, past_key_values=past_key_values, encoder_last_hidden_state=memory
        )

    def generate(self, inputs: Tensor | None = None, *arguments: Any, **settings: Any) -> Any:
        """As in transformers; unless ``decoder_input_ids`` are given, answers begin with ``<extra_id_0>``, as
        the model was trained: int64 [batch, positions] -> int64 [batch, positions of the answer]."""
        source = next((value for value in (inputs, settings.get("input_ids")) if value is not None), None)
        begins = "decoder_input_ids" not in settings and self.config.answer_token_id is not None
        if source is not None and begins:
            start = torch.tensor(
                [[self.config.decoder_start_token_id, self.config.answer_token_id]], device=source.device
            )
            settings["decoder_input_ids"] = start.repeat(len(source), 1)
        return super().generate(inputs, *arguments, **settings)
