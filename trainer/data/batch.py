"""One micro batch of examples, ready for the model."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import torch

from trainer.model.loss import IGNORED
from trainer.model.masks import EVERYWHERE

Tokens = npt.NDArray[np.int64]
Inputs = dict[str, torch.Tensor | None]

_OF_EXAMPLES = ("encoder_lengths", "decoder_lengths", "dropout_seeds")


@dataclass(frozen=True)
class Batch:
    """Examples that go through the model together.

    Attributes:
        encoder: int64 [batch, source positions], padded at the end.
        encoder_lengths: int64 [batch], real tokens of each row of ``encoder``; None where all are, so that no
            mask is needed.
        decoder: int64 [batch, positions]: the labels shifted right by one, after pad, the decoder's start.
        labels: int64 [batch, positions]; IGNORED (-100) after the end of a row.
        decoder_lengths: None, or int64 [examples]: then the examples lie end to end in a single row, and
            ``encoder_lengths`` are theirs.
        encoder_documents, decoder_documents: int64 [batch, source positions] and [batch, positions], the
            document of each input token (see trainer.objectives.document_boundaries); None where attention
            crosses documents.
        dropout_seeds: uint64 [examples], which decide what the model drops of each; None: torch's random
            state does.
    """

    encoder: Tokens
    encoder_lengths: Tokens | None
    decoder: Tokens
    labels: Tokens
    decoder_lengths: Tokens | None = None
    encoder_documents: Tokens | None = None
    decoder_documents: Tokens | None = None
    dropout_seeds: npt.NDArray[np.uint64] | None = None

    @property
    def lengths(self) -> tuple[Tokens, Tokens]:
        """Real tokens of each example on the encoder's side and on the decoder's: int64 [examples] each."""
        rows, positions = self.encoder.shape
        sources = np.full(rows, positions) if self.encoder_lengths is None else self.encoder_lengths
        return sources, np.count_nonzero(
            self.labels != IGNORED, axis=1
        ) if self.decoder_lengths is None else self.decoder_lengths

    @property
    def targets(self) -> int:
        """Labels to predict."""
        return int(np.count_nonzero(self.labels != IGNORED))

    @property
    def tokens(self) -> int:
        """Real tokens, those of the encoder and those of the decoder together."""
        return self.targets + (
            self.encoder.size if self.encoder_lengths is None else int(self.encoder_lengths.sum())
        )

    @property
    def padding(self) -> float:
        """Fraction of the positions, of encoder and decoder together, that hold no real token."""
        return 1 - self.tokens / (self.encoder.size + self.decoder.size)

    def inputs(self, *, pinned: bool = False) -> Inputs:
        """The arguments of EncoderDecoder.forward by name, shaped as here, on the CPU, where they share the
        arrays' memory; or ``pinned``, in memory that a GPU copies from by itself, beside what it computes."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays["places"] = np.flatnonzero(self.labels != IGNORED)
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items() if array is not None}
        return dict.fromkeys(arrays) | {
            name: tensor.pin_memory() if pinned and name not in _OF_EXAMPLES else tensor
            for name, tensor in tensors.items()
        }


def on_device(inputs: Inputs, device: torch.device) -> Inputs:
    """The arguments of a model that is on a device. Lengths and seeds stay on the CPU, which needs them: a
    GPU is not waited for, nor for what is copied to it."""
    return {
        name: tensor if tensor is None or name in _OF_EXAMPLES else tensor.to(device, non_blocking=True)
        for name, tensor in inputs.items()
    }


def make_batch(
    encoder: Tokens,
    labels: Tokens,
    pad: int,
    lengths: Tokens | None = None,
    documents: tuple[Tokens, Tokens] | None = None,
) -> Batch:
    """The batch of ``encoder`` and ``labels``, each [batch, positions]; ``lengths`` are dropped where every
    row is full.

    The decoder's input is the labels one position later, after ``pad``; where a label is ignored, it is
    ``pad`` too. ``documents`` are those of the encoder's positions and of the labels, shaped like them; the
    latter are shifted like the labels.
    """
    decoder = _shifted(labels, pad)
    decoder[decoder == IGNORED] = pad
    full = lengths is None or bool((lengths == encoder.shape[1]).all())
    encoder_documents, label_documents = documents or (None, None)
    decoder_documents = None if label_documents is None else _shifted(label_documents, EVERYWHERE)
    return Batch(
        encoder, None if full else lengths, decoder, labels, None, encoder_documents, decoder_documents
    )


def pack(encoder: Tokens, lengths: Tokens, labels: Tokens, target_lengths: Tokens, pad: int) -> Batch:
    """Examples that lie end to end: ``encoder`` int64 [sum of lengths], ``labels`` int64 [sum of
    target_lengths] -> a batch of one row.

    Each example's decoder input is its labels one position later, after ``pad``.
    """
    decoder = np.concatenate(([pad], labels[:-1]))
    decoder[np.cumsum(target_lengths)[:-1]] = pad
    return Batch(encoder[None], lengths, decoder[None], labels[None], target_lengths)


def _shifted(values: Tokens, first: int) -> Tokens:
    shifted = np.empty_like(values)
    shifted[:, 0] = first
    shifted[:, 1:] = values[:, :-1]
    return shifted
