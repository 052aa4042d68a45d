"""Noising as Hugging Face's users do it: the collator of transformers' T5 pre-training example, taught UL2's
mixture.

``run_t5_mlm_flax.py`` (examples/flax/language-modeling, Apache-2.0) is the only T5 pre-training that
transformers ships; its methods are kept, numpy operation by numpy operation. Added are the mode token,
OpenBA's sentinels, and the suffix of the S denoiser.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from manifests.schema.denoisers import Denoiser
from manifests.schema.shards import Vocabulary

Ids = npt.NDArray[np.integer]


class Collator:
    """Noises a list of chunks with one denoiser."""

    def __init__(self, denoiser: Denoiser, chunk: int, vocabulary: Vocabulary) -> None:
        self.denoiser, self.chunk, self.vocabulary = denoiser, chunk, vocabulary
        self.mode = vocabulary.mode(denoiser.mode)
        self.random = np.random.default_rng(0)

    def __call__(self, examples: list[npt.NDArray[np.uint32]]) -> dict[str, Ids]:
        """Chunks of one length -> input_ids and labels, each [batch, positions]."""
        input_ids = np.stack(examples).astype(np.int64)
        if self.denoiser.mode == "S":
            return self.suffixes(input_ids)
        mask = np.stack([self.random_spans_noise_mask() for _ in examples])
        input_sentinels = self.create_sentinel_ids(mask.astype(np.int8))
        label_sentinels = self.create_sentinel_ids((~mask).astype(np.int8))
        read = self.filter_input_ids(input_ids, input_sentinels)
        mode = np.full((len(read), 1), self.mode)
        return {
            "input_ids": np.concatenate((mode, read), axis=-1),
            "labels": self.filter_input_ids(input_ids, label_sentinels),
        }

    def create_sentinel_ids(self, mask: npt.NDArray[np.int8]) -> Ids:
        """The sentinel where a span starts, -1 in the rest of it, 0 elsewhere."""
        starts = mask - np.roll(mask, 1, axis=-1) * mask
        starts[:, 0] = mask[:, 0]
        sentinels = np.where(starts != 0, np.cumsum(starts, axis=-1, dtype=np.int64), starts)
        sentinels = np.where(sentinels != 0, self.vocabulary.sentinel(0) + 1 - sentinels, 0)
        return sentinels - (mask - starts)

    def filter_input_ids(self, input_ids: Ids, sentinels: Ids) -> Ids:
        """The ids with each span fused into its sentinel, and eos."""
        full = np.where(sentinels != 0, sentinels, input_ids)
        kept = full[full >= 0].reshape((len(full), -1))
        return np.concatenate((kept, np.full((len(full), 1), self.vocabulary.eos)), axis=-1)

    def random_spans_noise_mask(self) -> npt.NDArray[np.bool_]:
        """T5's, with its segmentation."""
        masked, spans = self.denoiser.masked(self.chunk), self.denoiser.spans(self.chunk)
        noise, text = (
            self.random_segmentation(masked, spans),
            self.random_segmentation(self.chunk - masked, spans),
        )
        starts = np.cumsum(np.reshape(np.stack([text, noise], axis=1), [spans * 2]))[:-1]
        indicator = np.zeros((self.chunk,), dtype=np.int8)
        indicator[starts] = True
        return np.cumsum(indicator) % 2 == 1

    def random_segmentation(self, items: int, segments: int) -> Ids:
        """``items`` cut into ``segments`` lengths."""
        mask = np.arange(items - 1) < (segments - 1)
        self.random.shuffle(mask)
        _, lengths = np.unique(np.cumsum(np.pad(mask, [[1, 0]])), return_counts=True)
        return lengths

    def suffixes(self, input_ids: Ids) -> dict[str, Ids]:
        """Padded to the longest."""
        lengths = self.random.integers(1, int(self.denoiser.density * self.chunk) + 1, len(input_ids))
        sentinel, eos = self.vocabulary.sentinel(0), self.vocabulary.eos
        read = np.full((len(input_ids), self.chunk - lengths.min() + 3), self.vocabulary.pad)
        labels = np.full((len(input_ids), lengths.max() + 2), -100)
        for row, (ids, length) in enumerate(zip(input_ids, lengths, strict=True)):
            read[row, : len(ids) - length + 3] = np.concatenate(([self.mode], ids[:-length], [sentinel, eos]))
            labels[row, : length + 2] = np.concatenate(([sentinel], ids[-length:], [eos]))
        return {"input_ids": read, "labels": labels}
