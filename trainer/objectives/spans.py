"""Span corruption: the R and X denoisers of UL2 (Tay et al. 2022), laid out as in OpenBA's released code.

Encoder: ``[mode] text with a sentinel for each span </s>``. Labels: ``sentinel span sentinel span ... </s>``, no closing sentinel.
All rows of a batch have the same number of spans and of masked tokens, so all have the same length and nothing is padded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manifests.schema.base import ManifestError
from manifests.schema.curriculum import Denoiser
from manifests.schema.shards import Vocabulary
from trainer.batch import Batch, make_batch
from trainer.objectives.counter import U64, random_bits

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SpanCorruption:
    """Masks ``masked`` of every ``chunk`` tokens in ``spans`` spans. Every row starts with text and ends with a span."""

    chunk: int
    masked: int
    spans: int
    mode: int
    vocabulary: Vocabulary

    @classmethod
    def of(cls, denoiser: Denoiser, chunk: int, vocabulary: Vocabulary) -> SpanCorruption:
        """Rounds as T5 does: ``masked`` = chunk * density, ``spans`` = masked / mean_span, both to the nearest and at least 1.

        Raises:
            ManifestError: the chunk is too short for the spans, or they are more than there are sentinels.
        """
        assert denoiser.mean_span is not None
        masked = max(1, round(chunk * denoiser.density))
        spans = max(1, round(masked / denoiser.mean_span))
        what = f"denoiser {denoiser.mode} (mean_span {denoiser.mean_span:g}, density {denoiser.density:g}) on a chunk of {chunk}"
        if chunk - masked < spans:
            raise ManifestError(f"objective: {what}: no room for {spans} spans; give a longer chunk or a smaller density")
        if spans > vocabulary.sentinels:
            raise ManifestError(
                f"objective: {what}: {spans} spans, but {vocabulary.sentinels} sentinels; give a shorter chunk or a greater mean_span"
            )
        return cls(chunk, masked, spans, vocabulary.mode(denoiser.mode), vocabulary)

    def apply(self, tokens: npt.NDArray[np.uint32], seeds: U64) -> Batch:
        """Chunks uint32 [batch, chunk] and a seed a row -> examples."""
        noise = self._noise(seeds)
        starts = np.empty_like(noise)  # of a span or of the text before one
        starts[:, 0] = True
        np.not_equal(noise[:, 1:], noise[:, :-1], out=starts[:, 1:])
        # Text and spans alternate, beginning with text: segments 0 and 1 belong to extra_id_0, 2 and 3 to extra_id_1, and so on.
        sentinels = self.vocabulary.sentinel(0) - (np.cumsum(starts, axis=1) - 1 >> 1)
        marked = np.where(starts, sentinels, tokens)
        rows, eos = len(tokens), np.full((len(tokens), 1), self.vocabulary.eos)
        text = np.where(noise, marked, tokens)[~noise | starts].reshape(rows, -1)
        spans = np.where(noise, tokens, marked)[noise | starts].reshape(rows, -1)
        encoder = np.concatenate((np.full_like(eos, self.mode), text, eos), axis=1)
        labels = np.concatenate((spans, eos), axis=1)
        return make_batch(encoder, labels, self.vocabulary.pad)

    def _noise(self, seeds: U64) -> Mask:
        """bool [batch, chunk], true at masked tokens: the text and the masked tokens are each cut into ``spans`` pieces, which
        alternate. Every way of cutting is equally likely, so a span's length follows no fixed law but their mean is exact (T5's
        ``random_spans_noise_mask``, Raffel et al. 2020)."""
        text = random_lengths(self.chunk - self.masked, self.spans, seeds, stream=0)
        spans = random_lengths(self.masked, self.spans, seeds, stream=1)
        lengths = np.stack((text, spans), axis=2).reshape(len(seeds), -1)
        ends = np.cumsum(lengths[:, :-1], axis=1)
        flips = np.zeros((len(seeds), self.chunk), dtype=np.bool_)
        np.put_along_axis(flips, ends, True, axis=1)
        return np.logical_xor.accumulate(flips, axis=1)


def random_lengths(total: int, pieces: int, seeds: U64, stream: int) -> npt.NDArray[np.int64]:
    """``total`` cut into ``pieces`` lengths of at least 1, every way equally likely: int64 [batch, pieces].

    The cuts are the places of the ``pieces - 1`` smallest of ``total - 1`` random numbers. Their lowest 20 bits are replaced by the
    place, which makes them distinct and says where they were; ``total`` must be at most 2**20.
    """
    places = np.uint64(0xFFFFF)
    keys = random_bits(seeds, total - 1, stream) & ~places | np.arange(1, total, dtype=np.uint64)
    smallest = np.partition(keys, pieces - 2, axis=1)[:, : pieces - 1] if pieces > 1 else keys[:, :0]
    cuts = np.sort((smallest & places).astype(np.int64), axis=1)
    return np.diff(cuts, axis=1, prepend=0, append=total)
