# SPDX-License-Identifier: Apache-2.0
# mypy: allow-subclassing-any, no-warn-return-any
"""Configuration of an OpenBA encoder-decoder (arXiv 2309.10706). The keys are those of the released class,
and three more."""

from __future__ import annotations

from typing import Any

from transformers import PretrainedConfig


class OpenBAConfig(PretrainedConfig):
    """Attention is ``num_heads * kv_channels`` wide; ``ffn_hidden_size`` is counted before SwiGLU cuts it to
    two thirds (see ``mlp_size``).

    ``norm`` is ``pre`` (the released weights: LayerNorm with bias) or ``sandwich`` (the paper: RMSNorm before
    and after each sublayer). ``answer_token_id`` is ``<extra_id_0>``, with which every answer begins.
    """

    model_type = "openba"
    keys_to_ignore_at_inference = ["past_key_values"]
    attribute_map = {
        "num_attention_heads": "num_heads",
        "num_hidden_layers": "num_decoder_layers",
        "head_dim": "kv_channels",
    }

    def __init__(
        self,
        vocab_size: int = 250368,
        hidden_size: int = 4096,
        kv_channels: int = 128,
        ffn_hidden_size: int = 16384,
        num_layers: int = 12,
        num_decoder_layers: int = 36,
        num_heads: int = 40,
        hidden_dropout: float = 0.1,
        attention_dropout: float = 0.1,
        norm: str = "pre",
        rope_base: float = 10000.0,
        answer_token_id: int | None = None,
        add_qkv_bias: bool = True,
        add_ffn_bias: bool = False,
        add_lm_head_bias: bool = True,
        max_seq_length: int = 1024,
        decoder_max_seq_length: int = 256,
        initializer_range: float = 0.02,
        **others: Any,
    ) -> None:
        if norm not in ("pre", "sandwich") or not add_qkv_bias or add_ffn_bias or not add_lm_head_bias:
            raise ValueError(
                "norm must be pre or sandwich, with biases in the attention and on the output, and none in "
                "the feed-forward"
            )
        self.vocab_size, self.hidden_size, self.kv_channels, self.num_heads = (
            vocab_size,
            hidden_size,
            kv_channels,
            num_heads,
        )
        self.ffn_hidden_size, self.num_layers, self.num_decoder_layers = (
            ffn_hidden_size,
            num_layers,
            num_decoder_layers,
        )
        self.hidden_dropout, self.attention_dropout = hidden_dropout, attention_dropout
        self.norm, self.rope_base, self.answer_token_id = norm, rope_base, answer_token_id
        self.add_qkv_bias, self.add_ffn_bias, self.add_lm_head_bias = (
            add_qkv_bias,
            add_ffn_bias,
            add_lm_head_bias,
        )
        self.max_seq_length, self.decoder_max_seq_length = max_seq_length, decoder_max_seq_length
        self.initializer_range = initializer_range
        defaults = {
            "pad_token_id": 0,
            "eos_token_id": 1,
            "decoder_start_token_id": 0,
            "tie_word_embeddings": False,
        }
        super().__init__(**(defaults | {"is_encoder_decoder": True, "use_cache": True} | others))

    @property
    def mlp_size(self) -> int:
        """Width of the SwiGLU layers: two thirds of ``ffn_hidden_size``, without the fraction, rounded up to
        a multiple of 256."""
        return max(256, -(-(2 * self.ffn_hidden_size // 3) // 256) * 256)
