"""One micro batch of examples, ready for the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from trainer.model.loss import IGNORED

Tokens = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """Examples of one denoiser.

    Attributes:
        encoder: int64 [batch, source positions], padded at the end.
        encoder_lengths: int64 [batch], real tokens of each row of ``encoder``; None where all are, so that no mask is needed.
        decoder: int64 [batch, positions]: the labels shifted right behind pad, the decoder's start.
        labels: int64 [batch, positions]; IGNORED (-100) behind the end of a row.
    """

    encoder: Tokens
    encoder_lengths: Tokens | None
    decoder: Tokens
    labels: Tokens

    @property
    def targets(self) -> int:
        """Labels to predict."""
        return int(np.count_nonzero(self.labels != IGNORED))

    @property
    def tokens(self) -> int:
        """Real tokens, those of the encoder and those of the decoder together."""
        return self.targets + (self.encoder.size if self.encoder_lengths is None else int(self.encoder_lengths.sum()))

    @property
    def padding(self) -> float:
        """Share of the positions, of encoder and decoder together, that hold no real token."""
        return 1 - self.tokens / (self.encoder.size + self.decoder.size)

    def inputs(self, device: torch.device | str = "cpu") -> dict[str, torch.Tensor | None]:
        """The arguments of EncoderDecoder.forward by name; on the CPU they share the arrays' memory."""
        arrays = {"encoder": self.encoder, "decoder": self.decoder, "labels": self.labels, "encoder_lengths": self.encoder_lengths}
        return {name: None if array is None else torch.from_numpy(array).to(device) for name, array in arrays.items()}


def make_batch(encoder: Tokens, labels: Tokens, pad: int, lengths: Tokens | None = None) -> Batch:
    """The batch of ``encoder`` and ``labels``, each [batch, positions]; ``lengths`` are dropped where every row is full.

    The decoder's input is the labels one position later, behind ``pad``; where a label is ignored, it is ``pad`` too.
    """
    decoder = np.empty_like(labels)
    decoder[:, 0] = pad
    decoder[:, 1:] = labels[:, :-1]
    decoder[decoder == IGNORED] = pad
    full = lengths is None or bool((lengths == encoder.shape[1]).all())
    return Batch(encoder, None if full else lengths, decoder, labels)
