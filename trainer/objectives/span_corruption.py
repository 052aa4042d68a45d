"""Span corruption: the R and X denoisers of UL2 (Tay et al. 2022), laid out as in OpenBA's released code.

Encoder: ``[mode] text with a sentinel for each span </s>``. Labels: ``sentinel span sentinel span ... </s>``,
no closing sentinel. Spans are placed as in T5 and in the released code (``tail``), or ``anywhere`` (see
Denoiser). All rows of a batch have the same number of spans and of masked tokens, so all have the same length
and nothing is padded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curriculum.example_lengths import span_lengths
from manifests.schema.base import ManifestError
from manifests.schema.denoisers import Denoiser
from manifests.schema.objectives import UL2Objective
from manifests.schema.shards import Vocabulary
from trainer.data.batch import Batch, Tokens, make_batch
from trainer.model.masks import EVERYWHERE
from trainer.objectives.counter_rng import U64, random_bits
from trainer.objectives.document_boundaries import document_numbers

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SpanCorruption:
    """Masks ``masked`` of every ``chunk`` tokens in ``spans`` spans. With ``boundaries`` examples tell the
    document of each position."""

    chunk: int
    masked: int
    spans: int
    mode: int
    anywhere: bool
    boundaries: bool
    vocabulary: Vocabulary

    @classmethod
    def of(cls, denoiser: Denoiser, objective: UL2Objective, vocabulary: Vocabulary) -> SpanCorruption:
        """The denoiser on chunks of the objective's length.

        Raises:
            ManifestError: the chunk is too short for the spans, or they are more than there are sentinels.
        """
        chunk = objective.chunk
        problem = denoiser.misfit(chunk, vocabulary.sentinels)
        if problem:
            raise ManifestError(f"objective: {problem}")
        masked, spans = denoiser.masked(chunk), denoiser.spans(chunk)
        anywhere = denoiser.placement == "anywhere"
        return cls(
            chunk, masked, spans, vocabulary.mode(denoiser.mode), anywhere, objective.boundaries, vocabulary
        )

    def lengths(self, seeds: U64) -> tuple[Tokens, Tokens]:
        """Of the examples of some seeds: int64 [batch] each."""
        source, target = span_lengths(self.chunk, self.masked, self.spans)
        return np.full(len(seeds), source), np.full(len(seeds), target)

    def apply(self, tokens: npt.NDArray[np.uint32], seeds: U64) -> Batch:
        """Chunks uint32 [batch, chunk] and a seed a row -> examples."""
        rows = len(tokens)
        ids = np.empty((rows, self.chunk + 1), dtype=np.int32)  # half of what int64 would move
        ids[:, 0], ids[:, 1:] = self.mode, tokens
        noise = np.zeros(
            ids.shape, dtype=np.bool_
        )  # The mode token begins the first piece of text, which so is never empty.
        noise[:, 1:] = self._noise(seeds)
        starts = np.empty_like(noise)  # of a span or of the text before one
        starts[:, 0] = True
        np.not_equal(noise[:, 1:], noise[:, :-1], out=starts[:, 1:])
        # Text and spans alternate, beginning with text: pieces 0 and 1 belong to extra_id_0, 2 and 3 to
        # extra_id_1, and so on.
        piece = np.cumsum(starts, axis=1, dtype=np.int32) - np.int32(1)
        marked = np.where(starts, np.int32(self.vocabulary.sentinel(0)) - (piece >> 1), ids)
        read, written = ~noise | starts, noise | starts
        if self.anywhere:
            written &= piece < 2 * self.spans  # No sentinel for text after the last span.
        encoder = self._ended(np.where(noise, marked, ids)[read], rows)
        labels = self._ended(np.where(noise, ids, marked)[written], rows)
        documents = self._documents(tokens, noise, read, written) if self.boundaries else None
        return make_batch(encoder, labels, self.vocabulary.pad, documents=documents)

    def _ended(self, ids: npt.NDArray[np.int32], rows: int) -> Tokens:
        """Equally long rows, laid end to end, each with ``</s>`` at its end: int64 [rows, length + 1]."""
        ended = np.full((rows, len(ids) // rows + 1), self.vocabulary.eos)
        ended[:, :-1] = ids.reshape(rows, -1)
        return ended

    def _documents(
        self, tokens: npt.NDArray[np.uint32], noise: Mask, read: Mask, written: Mask
    ) -> tuple[Tokens, Tokens]:
        """Documents of the encoder's positions and of the labels. A sentinel belongs to the document that its
        span begins in."""
        rows = len(tokens)
        documents = np.full(noise.shape, EVERYWHERE)
        documents[:, 1:] = document_numbers(tokens, self.vocabulary.eos)
        of_text = documents[read].reshape(rows, -1)
        # In the labels a sentinel is where text starts: the span comes next.
        of_spans, masked = (values[written].reshape(rows, -1) for values in (documents, noise))
        of_spans = np.where(masked, of_spans, np.roll(of_spans, -1, axis=1))
        return np.concatenate((of_text, of_text[:, -1:]), axis=1), np.concatenate(
            (of_spans, of_spans[:, -1:]), axis=1
        )

    def _noise(self, seeds: U64) -> Mask:
        """bool [batch, chunk], true at masked tokens: the text and the masked tokens are each cut into
        pieces, which alternate. Every way of cutting is equally likely, so a span's length follows no fixed
        law but their mean is exact (T5's ``random_spans_noise_mask``, Raffel et al. 2020). Spans placed
        anywhere have a piece of text more, and the first and the last may be empty."""
        text = self.chunk - self.masked
        if self.anywhere:
            texts = random_ends(text + 2, self.spans + 1, seeds, stream=0)[:, :-1] - 1
        else:
            texts = random_ends(text, self.spans, seeds, stream=0)
        spans = random_ends(self.masked, self.spans, seeds, stream=1)
        flips = np.zeros((len(seeds), self.chunk + 1), dtype=np.bool_)
        places = np.arange(len(seeds))[:, None] * flips.shape[1] + texts + spans
        flips.reshape(-1)[places] = True  # span to text
        flips.reshape(-1)[places - np.diff(spans, axis=1, prepend=0)] = True  # text to span
        return np.logical_xor.accumulate(flips[:, :-1], axis=1)


def random_ends(total: int, pieces: int, seeds: U64, stream: int) -> npt.NDArray[np.int64]:
    """Where pieces of at least 1 end, that ``total`` is cut into, every way equally likely: int64 [batch,
    pieces], the last is ``total``.

    The cuts are the places of the ``pieces - 1`` smallest of ``total - 1`` random numbers. Their lowest 20
    bits are replaced by the place, which makes them distinct and says where they were; ``total`` must be at
    most 2**20.
    """
    ends = np.full((len(seeds), pieces), total)
    if pieces > 1:
        places = np.uint64(0xFFFFF)
        keys = random_bits(seeds, total - 1, stream) & ~places | np.arange(1, total, dtype=np.uint64)
        keys.partition(pieces - 2, axis=1)
        ends[:, :-1] = keys[:, : pieces - 1] & places
        ends[:, :-1].sort(axis=1)
    return ends
