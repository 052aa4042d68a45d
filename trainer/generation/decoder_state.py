"""Decoding step by step: which tokens were written so far, what the model thinks of the next, and the caches
in between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from manifests.schema.shards import Vocabulary
from trainer.data.ragged import Ragged
from trainer.model.kv_cache import LayerKVCache
from trainer.model.transformer import EncoderDecoder
from trainer.objectives.prefix_lm import frame_prompt


class DecoderState:
    """Rows of answers in the making, at first one a prompt, each begun with ``<extra_id_0>``."""

    def __init__(
        self, model: EncoderDecoder, vocabulary: Vocabulary, prompts: Sequence[Sequence[int]]
    ) -> None:
        self.model, self.vocabulary = model, vocabulary
        self.device = model.output_bias.device
        tokens, lengths = framed_prompts(prompts, vocabulary)
        self._memory, self._mask = model.encode(
            tokens.to(self.device), None if lengths is None else lengths.to(self.device)
        )
        self._caches = [LayerKVCache() for _ in model.decoder.blocks]
        self._next = torch.tensor([[vocabulary.pad, vocabulary.sentinel(0)]], device=self.device).repeat(
            len(prompts), 1
        )

    def logits(self) -> Tensor:
        """Of each row's next token: float32 [rows, vocabulary], -inf where it is no text (pad, sentinels,
        mode tokens, and the rows that only fill the embedding up). To be called once after each
        ``append``."""
        hidden = self.model.decode(self._next, self._memory, self._mask, self._caches)
        logits = self.model.logits(hidden[:, -1]).float()
        logits[:, self.vocabulary.pad] = -torch.inf
        logits[:, self.vocabulary.pieces :] = -torch.inf
        return logits

    def append(self, tokens: Tensor) -> None:
        """Writes a token to each row: int64 [rows]."""
        self._next = tokens[:, None]

    def select(self, rows: Tensor) -> None:
        """Goes on with these rows only: int64 [rows to come], numbers of present ones; a row may be taken
        several times. To be called after ``logits``, when the caches hold all of the source that is
        needed."""
        self._mask = None if self._mask is None else self._mask[rows]
        for cache in self._caches:
            cache.select(rows)

    def reorder(self, rows: Tensor) -> None:
        """As ``select``, for rows (int64 [as many as now]) that each take the place of one with the same
        prompt: the source is left as it is."""
        for cache in self._caches:
            cache.select_own(rows)


def framed_prompts(prompts: Sequence[Sequence[int]], vocabulary: Vocabulary) -> tuple[Tensor, Tensor | None]:
    """The encoder's input int64 [batch, positions], and its rows' lengths where they differ."""
    offsets = np.cumsum([0, *map(len, prompts)])
    ragged = Ragged(np.concatenate([np.asarray(prompt, dtype=np.uint32) for prompt in prompts]), offsets)
    framed = torch.from_numpy(frame_prompt(ragged.padded(), ragged.lengths, vocabulary))
    return framed, None if len(set(ragged.lengths.tolist())) == 1 else torch.from_numpy(ragged.lengths + 3)
