"""The OpenBA encoder-decoder: a shallow encoder, a deep decoder, one embedding for both and for the
output."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from manifests.schema.model import ModelSettings
from trainer.model.activation_checkpointing import checkpointed
from trainer.model.batch_masks import batch_masks
from trainer.model.block import DecoderBlock, EncoderBlock
from trainer.model.dropout import Dropout, Examples, number_dropouts
from trainer.model.kv_cache import LayerKVCache
from trainer.model.loss import cross_entropy
from trainer.model.masks import Mask, key_mask, positions
from trainer.model.norm import make_norm
from trainer.model.rope import rotation
from trainer.model.weight_init import initialise


class Encoder(nn.Module):
    """The encoder's stack, with a final norm."""

    def __init__(self, settings: ModelSettings, *, recompute: bool = False) -> None:
        super().__init__()
        self.settings, self.recompute = settings, recompute
        self.blocks = nn.ModuleList(EncoderBlock(settings) for _ in range(settings.encoder_layers))
        self.norm = make_norm(settings)

    def forward(self, x: Tensor, mask: Mask = None, examples: Examples | None = None) -> Tensor:
        """Embedded tokens [batch, source positions, d_model] -> same; ``mask`` as in SelfAttention,
        ``examples`` as in Dropout."""
        turn = rotation(positions(mask, x.shape[1]), self.settings.head_size, self.settings.rope_base, x)
        for block in self.blocks:
            x = checkpointed(block, self.recompute, x, turn, mask, examples)
        hidden: Tensor = self.norm(x)
        return hidden


class Decoder(nn.Module):
    """The decoder's stack, with a final norm."""

    def __init__(self, settings: ModelSettings, *, recompute: bool = False) -> None:
        super().__init__()
        self.settings, self.recompute = settings, recompute
        self.blocks = nn.ModuleList(DecoderBlock(settings) for _ in range(settings.decoder_layers))
        self.norm = make_norm(settings)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        mask: Mask = None,
        caches: list[LayerKVCache] | None = None,
        own_mask: Mask = None,
        examples: Examples | None = None,
    ) -> Tensor:
        """Embedded tokens [batch, positions, d_model] -> same.

        Args:
            memory: the encoder's output [batch, source positions, d_model]; ``mask`` is over its positions,
                as in CrossAttention.
            caches: one a layer; ``x`` then follows the positions that they hold.
            own_mask: over the positions of ``x``, as in SelfAttention.
            examples: as in Dropout.
        """
        start = caches[0].length if caches else 0
        turn = rotation(
            positions(own_mask, x.shape[1], start), self.settings.head_size, self.settings.rope_base, x
        )
        for index, block in enumerate(self.blocks):
            cache = caches[index] if caches else None
            x = checkpointed(block, self.recompute, x, turn, memory, mask, own_mask, cache, examples)
        hidden: Tensor = self.norm(x)
        return hidden


class EncoderDecoder(nn.Module):
    """OpenBA (arXiv 2309.10706): ``vocabulary`` rows of embedding, tied to the output layer, which has a
    bias.

    Weights are those of the ``seed`` (see trainer.model.weight_init). Under ``torch.device("meta")`` only
    shapes are made. With ``recompute`` a training step keeps no activations inside the layers (see
    trainer.model.activation_checkpointing).
    """

    def __init__(
        self, settings: ModelSettings, vocabulary: int, *, recompute: bool = False, seed: int = 0
    ) -> None:
        super().__init__()
        self.settings = settings
        self.embedding = nn.Embedding(vocabulary, settings.d_model)
        self.encoder = Encoder(settings, recompute=recompute)
        self.decoder = Decoder(settings, recompute=recompute)
        self.output_bias = nn.Parameter(torch.zeros(vocabulary))
        self.dropouts = nn.ModuleList(Dropout(settings.dropout) for _ in range(2))
        number_dropouts(self)
        if not self.output_bias.is_meta:
            initialise(self, settings, seed)

    def forward(
        self,
        encoder: Tensor,
        decoder: Tensor,
        labels: Tensor,
        encoder_lengths: Tensor | None = None,
        decoder_lengths: Tensor | None = None,
        encoder_documents: Tensor | None = None,
        decoder_documents: Tensor | None = None,
        dropout_seeds: Tensor | None = None,
        places: Tensor | None = None,
        z_loss: float = 0.0,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The loss of a batch.

        Args:
            encoder: int64 [batch, source positions].
            decoder: int64 [batch, positions], the labels shifted right by one, after pad.
            labels: int64 [batch, positions]; -100 where there is nothing to predict.
            encoder_lengths: int64 [batch], real tokens of each row of ``encoder``; None: all are, and
                attention runs without masks.
            decoder_lengths: int64 [examples]; if given, the examples lie end to end in a single row,
                ``encoder_lengths`` are theirs too, and no example sees another.
            encoder_documents, decoder_documents: int64, shaped like ``encoder`` and ``decoder``: the document
                of each position, where attention must not cross documents (see trainer.model.masks). Give
                both or none; in rows they make ``encoder_lengths`` idle.
            dropout_seeds: uint64 [examples], which decide what is dropped of each; None: they are drawn from
                torch's random generator.
            places, z_loss: as in trainer.model.loss; places are those in ``labels`` laid end to end.

        Returns:
            Sum of the loss in nats (float32 scalar), the number of labels it is over, and its parts:
            cross-entropy and z-loss (float32 [2]).
        """
        documents = encoder_documents, decoder_documents
        masks = batch_masks(encoder, encoder_lengths, decoder_lengths, *documents)
        reading, writing = self._examples(encoder, encoder_lengths, decoder_lengths, dropout_seeds)
        memory = self.encoder(self._embed(encoder, reading, 0), masks.source, reading)
        hidden = self.decoder(
            self._embed(decoder, writing, 1), memory, masks.cross, own_mask=masks.target, examples=writing
        )
        output = self.embedding.weight, self.output_bias
        return cross_entropy(hidden.flatten(0, 1), *output, labels.flatten(), z_loss=z_loss, places=places)

    def _examples(
        self,
        encoder: Tensor,
        encoder_lengths: Tensor | None,
        decoder_lengths: Tensor | None,
        seeds: Tensor | None,
    ) -> tuple[Examples, Examples]:
        """What is dropped of each example, in the encoder and in the decoder."""
        count = len(encoder) if decoder_lengths is None else len(decoder_lengths)
        drawn = torch.randint(2**63 - 1, (count,)) if seeds is None else seeds
        own = drawn.numpy().astype(np.uint64)
        if encoder_lengths is None or decoder_lengths is None:
            return Examples(own, None), Examples(own, None)
        return (
            Examples(own, tuple(encoder_lengths.tolist())),
            Examples(own, tuple(decoder_lengths.tolist())),
        )

    def encode(self, tokens: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """int64 [batch, source positions] -> the encoder's output [batch, source positions, d_model], and the
        mask that goes with it."""
        mask = None if lengths is None else key_mask(lengths, tokens.shape[1])
        return self.encoder(self.embedding(tokens), mask), mask

    def decode(
        self,
        tokens: Tensor,
        memory: Tensor,
        mask: Tensor | None = None,
        caches: list[LayerKVCache] | None = None,
    ) -> Tensor:
        """int64 [batch, positions] -> hidden states [batch, positions, d_model]; arguments as of Decoder."""
        hidden: Tensor = self.decoder(self.embedding(tokens), memory, mask, caches)
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        """[..., d_model] -> [..., vocabulary]."""
        return F.linear(hidden, self.embedding.weight, self.output_bias)

    def _embed(self, tokens: Tensor, examples: Examples, side: int) -> Tensor:
        embedded: Tensor = self.dropouts[side](self.embedding(tokens), examples)
        return embedded
