# SPDX-License-Identifier: Apache-2.0
# mypy: allow-subclassing-any, no-warn-return-any
"""The OpenBA encoder-decoder (arXiv 2309.10706) for transformers. Tested with transformers 4.57 and 5.24.

Shapes: [batch, positions, hidden_size] unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.cache_utils import Cache, DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput

from .configuration_openba import OpenBAConfig
from .layers_openba import OpenBABlock, make_norm, rotation

IGNORED = -100
GROWING = (None, "dynamic", "dynamic_full", "offloaded")
"""Kinds of caches that hold the positions that were read, and no empty ones."""


def growing_cache(given: Cache | None, wanted: bool) -> EncoderDecoderCache | None:
    """The cache for both attentions, as it was given, or a new one if wanted.

    Raises:
        ValueError: it is of a fixed size.
    """
    if given is None:
        return EncoderDecoderCache(DynamicCache(), DynamicCache()) if wanted else None
    both = given if isinstance(given, EncoderDecoderCache) else EncoderDecoderCache(given, DynamicCache())
    if not isinstance(both.self_attention_cache, DynamicCache):
        kind = type(both.self_attention_cache).__name__
        raise ValueError(f"past_key_values: {kind} is of a fixed size; give a DynamicCache")
    return both


class OpenBAStack(nn.Module):
    """Encoder or decoder. Its model is held in a tuple, so that the embedding, whichever the model has by
    now, is not the stack's parameter too."""

    main_input_name = "input_ids"
    gradient_checkpointing = False
    _gradient_checkpointing_func: Callable[..., Tensor]

    def __init__(self, config: OpenBAConfig, model: OpenBAForConditionalGeneration, decoder: bool) -> None:
        super().__init__()
        self.config, self._model = config, (model,)
        layers = config.num_decoder_layers if decoder else config.num_layers
        self.block = nn.ModuleList(OpenBABlock(config, layer, decoder) for layer in range(layers))
        self.final_layernorm = make_norm(config)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        encoder_hidden_states: Tensor | None = None,
        past_key_values: EncoderDecoderCache | None = None,
        inputs_embeds: Tensor | None = None,
        **_: Any,
    ) -> BaseModelOutput:
        """int64 [batch, positions], or their embeddings -> hidden states; ``attention_mask`` [batch, source
        positions] is over the source in both stacks. What else ``generate`` passes (which outputs to return)
        has no effect here."""
        x = self._model[0].get_input_embeddings()(input_ids) if inputs_embeds is None else inputs_embeds
        x = F.dropout(x, self.config.hidden_dropout, self.training)
        start = 0 if past_key_values is None else past_key_values.get_seq_length()
        turn = rotation(start, x.shape[1], self.config, x)
        mask = None if attention_mask is None else attention_mask.bool()[:, None, None, :]
        own = mask if encoder_hidden_states is None else None
        recompute = self.gradient_checkpointing and self.training and torch.is_grad_enabled()
        if (
            recompute and not x.requires_grad
        ):  # the embedding is frozen, and reentrant checkpoints would be too
            x = x.detach().requires_grad_()
        for block in self.block:
            arguments = (x, turn, own, encoder_hidden_states, mask)
            x = (
                self._gradient_checkpointing_func(block.__call__, *arguments)
                if recompute
                else block(*arguments, past_key_values)
            )
        return BaseModelOutput(last_hidden_state=self.final_layernorm(x))


class OpenBAForConditionalGeneration(PreTrainedModel, GenerationMixin):
    """Encoder, decoder and output layer. Prompts are ``<S> text <extra_id_0> </s>``; answers begin with
    ``<extra_id_0>``. The output layer's weight is the embedding's unless the configuration says otherwise."""

    config_class = OpenBAConfig
    base_model_prefix = "model"
    main_input_name = "input_ids"
    supports_gradient_checkpointing = True
    # The loss is divided by the labels of all micro batches of a step, which Trainer counts.
    accepts_loss_kwargs = True
    _tied_weights_keys = {"lm_head.weight": "shared_embedding.weight"}
    _no_split_modules = ["OpenBABlock"]
    _supports_sdpa = True

    def __init__(self, config: OpenBAConfig) -> None:
        super().__init__(config)
        self.shared_embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.encoder = OpenBAStack(config, self, decoder=False)
        self.decoder = OpenBAStack(config, self, decoder=True)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """What no checkpoint has: a model of a configuration alone, rows that are added."""
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=self.config.initializer_range)
        elif isinstance(module, nn.LayerNorm | nn.RMSNorm):
            nn.init.ones_(module.weight)
        if isinstance(bias := getattr(module, "bias", None), Tensor):
            nn.init.zeros_(bias)

    def get_encoder(self) -> OpenBAStack:
        """The stack that reads."""
        return self.encoder

    def get_decoder(self) -> OpenBAStack:
        """The stack that writes."""
        return self.decoder

    def get_input_embeddings(self) -> nn.Embedding:
        """The one embedding, of encoder and decoder."""
        return self.shared_embedding

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        """Takes another, as where tokens were added."""
        self.shared_embedding = value

    def get_output_embeddings(self) -> nn.Linear:
        """The output layer."""
        return self.lm_head

    def set_output_embeddings(self, new_embeddings: nn.Linear) -> None:
        """Takes another."""
        self.lm_head = new_embeddings

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
        decoder_attention_mask: Tensor | None = None,
        encoder_outputs: BaseModelOutput | tuple[Tensor, ...] | None = None,
        past_key_values: Cache | None = None,
        inputs_embeds: Tensor | None = None,
        decoder_inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        num_items_in_batch: Tensor | int | None = None,
        use_cache: bool | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        cache: Cache | None = None,
        cache_position: Tensor | None = None,
    ) -> Seq2SeqLMOutput | tuple[Tensor, ...]:
        """Logits [batch, positions, vocab_size], and with ``labels`` (-100: none) their loss.

        Args:
            decoder_input_ids: its rows may be padded at the end only; by default, the labels one position
                later.
            num_items_in_batch: labels of the whole step, by which the sum of losses is divided; by default,
                those of this batch.
            cache: what transformers 5 calls ``past_key_values``.
            cache_position: has no effect: a cache knows how much it holds.

        Raises:
            ValueError: a ``decoder_attention_mask`` that is not all ones, a cache that does not grow, or
                outputs that are not kept.
        """
        if output_attentions or output_hidden_states:
            raise ValueError(
                "output_attentions and output_hidden_states: OpenBA keeps neither; leave them out"
            )
        if decoder_attention_mask is not None and not decoder_attention_mask.all():
            advice = "pad decoder_input_ids at the end only, and leave the mask out"
            raise ValueError(f"decoder_attention_mask has zeros; {advice}")
        if encoder_outputs is None:
            encoder_outputs = self.encoder(input_ids, attention_mask, inputs_embeds=inputs_embeds)
        if decoder_input_ids is None and decoder_inputs_embeds is None and labels is not None:
            decoder_input_ids = self.prepare_decoder_input_ids_from_labels(labels)
        held = growing_cache(cache if past_key_values is None else past_key_values, bool(use_cache))
        memory = encoder_outputs[0]
        hidden = self.decoder(decoder_input_ids, attention_mask, memory, held, decoder_inputs_embeds)
        logits = self.lm_head(hidden.last_hidden_state)
        loss = None
        if labels is not None:
            total = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), reduction="sum")
            loss = total / (num_items_in_batch or (labels != IGNORED).sum().clamp(min=1))
        output = Seq2SeqLMOutput(loss, logits, held, encoder_last_hidden_state=memory)
        return output.to_tuple() if return_dict is False else output

    def generate(self, inputs: Tensor | None = None, *arguments: Any, **settings: Any) -> Any:
        """As in transformers; unless ``decoder_input_ids`` are given, answers begin with ``<extra_id_0>``, as
        the model was trained, and have it nowhere else: int64 [batch, positions] -> int64 [batch, positions
        of the answer].

        Raises:
            ValueError: a kind of cache that does not grow.
        """
        base = settings.get("generation_config") or self.generation_config
        kind = settings.get("cache_implementation", getattr(base, "cache_implementation", None))
        if kind not in GROWING:
            raise ValueError(
                f"cache_implementation {kind!r} is of a fixed size; leave it out, or say 'dynamic'"
            )
        given = (inputs, settings.get("input_ids"), settings.get("inputs_embeds"))
        source = next((value for value in given if value is not None), None)
        answer = self.config.answer_token_id
        if source is not None and "decoder_input_ids" not in settings and answer is not None:
            start = torch.tensor([[self.config.decoder_start_token_id, answer]], device=source.device)
            settings["decoder_input_ids"] = start.repeat(len(source), 1)
            hidden = settings.get("suppress_tokens", getattr(base, "suppress_tokens", None))
            settings |= {"suppress_tokens": sorted({*(hidden or ()), answer}), "forced_bos_token_id": None}
        return super().generate(inputs, *arguments, **settings)
