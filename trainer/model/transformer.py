"""The OpenBA encoder-decoder: a shallow encoder, a deep decoder, one embedding for both and for the output."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from manifests.schema.curriculum import ModelSettings
from trainer.model.block import DecoderBlock, EncoderBlock
from trainer.model.cache import LayerCache
from trainer.model.init import initialise
from trainer.model.loss import cross_entropy
from trainer.model.norm import make_norm
from trainer.model.rope import rotation


class Encoder(nn.Module):
    """The encoder's stack, with a final norm."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        self.settings = settings
        self.blocks = nn.ModuleList(EncoderBlock(settings) for _ in range(settings.encoder_layers))
        self.norm = make_norm(settings)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Embedded tokens [batch, source positions, d_model] -> same; ``mask`` as made by key_mask."""
        turn = rotation(0, x.shape[1], self.settings.head_size, self.settings.rope_base, x)
        for block in self.blocks:
            x = block(x, turn, mask)
        return self.norm(x)


class Decoder(nn.Module):
    """The decoder's stack, with a final norm."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        self.settings = settings
        self.blocks = nn.ModuleList(DecoderBlock(settings) for _ in range(settings.decoder_layers))
        self.norm = make_norm(settings)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor | None = None, caches: list[LayerCache] | None = None) -> Tensor:
        """Embedded tokens [batch, positions, d_model] -> same.

        Args:
            memory: the encoder's output [batch, source positions, d_model]; ``mask`` is over its positions.
            caches: one a layer; ``x`` then follows the positions that they hold.
        """
        start = caches[0].length if caches else 0
        turn = rotation(start, x.shape[1], self.settings.head_size, self.settings.rope_base, x)
        for index, block in enumerate(self.blocks):
            x = block(x, turn, memory, mask, caches[index] if caches else None)
        return self.norm(x)


class EncoderDecoder(nn.Module):
    """OpenBA (arXiv 2309.10706): ``vocabulary`` rows of embedding, tied to the output layer, which has a bias.

    Weights are drawn from torch's random generator: seed it first. Under ``torch.device("meta")`` only shapes are made.
    """

    def __init__(self, settings: ModelSettings, vocabulary: int) -> None:
        super().__init__()
        self.settings = settings
        self.embedding = nn.Embedding(vocabulary, settings.d_model)
        self.encoder = Encoder(settings)
        self.decoder = Decoder(settings)
        self.output_bias = nn.Parameter(torch.zeros(vocabulary))
        initialise(self, settings)

    def forward(self, encoder: Tensor, decoder: Tensor, labels: Tensor, encoder_lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The loss of a batch.

        Args:
            encoder: int64 [batch, source positions].
            decoder: int64 [batch, positions], the labels shifted right behind pad.
            labels: int64 [batch, positions]; -100 where there is nothing to predict.
            encoder_lengths: int64 [batch], real tokens of each row of ``encoder``; None: all are, and attention runs without masks.

        Returns:
            Sum of the loss in nats (float32 scalar), and the number of labels it is over.
        """
        memory, mask = self.encode(encoder, encoder_lengths)
        hidden = self.decode(decoder, memory, mask)
        return cross_entropy(hidden.flatten(0, 1), self.embedding.weight, self.output_bias, labels.flatten())

    def encode(self, tokens: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """int64 [batch, source positions] -> the encoder's output [batch, source positions, d_model], and the mask that goes with it."""
        mask = None if lengths is None else key_mask(lengths, tokens.shape[1])
        return self.encoder(self._embed(tokens), mask), mask

    def decode(self, tokens: Tensor, memory: Tensor, mask: Tensor | None = None, caches: list[LayerCache] | None = None) -> Tensor:
        """int64 [batch, positions] -> hidden states [batch, positions, d_model]; arguments as of Decoder."""
        return self.decoder(self._embed(tokens), memory, mask, caches)

    def logits(self, hidden: Tensor) -> Tensor:
        """[..., d_model] -> [..., vocabulary]."""
        return F.linear(hidden, self.embedding.weight, self.output_bias)

    def _embed(self, tokens: Tensor) -> Tensor:
        return F.dropout(self.embedding(tokens), self.settings.dropout, self.training)


def key_mask(lengths: Tensor, positions: int) -> Tensor:
    """bool [batch, 1, 1, positions], true at the first ``lengths[b]`` positions: what attention may look at."""
    return (torch.arange(positions, device=lengths.device) < lengths[:, None])[:, None, None, :]
