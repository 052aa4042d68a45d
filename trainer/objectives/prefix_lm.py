"""Prefix language modelling: UL2's S denoiser and OpenBA's stage II, laid out as in the released code.

Encoder: ``<S> prefix <extra_id_0> </s>``. Labels: ``<extra_id_0> suffix``, and ``</s>`` in the S denoiser
only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curriculum.example_lengths import longest_suffix, prefix_lengths, suffix_lengths
from curriculum.objective_shape import ObjectiveShape, built_in_shape
from manifests.schema.base import ManifestError
from manifests.schema.denoisers import Denoiser
from manifests.schema.objectives import PrefixObjective, UL2Objective
from manifests.schema.shards import Vocabulary
from trainer.data.batch import Batch, Tokens, make_batch, pack
from trainer.model.loss import IGNORED
from trainer.model.masks import EVERYWHERE, NOWHERE
from trainer.objectives.counter_rng import U64, random_integers
from trainer.objectives.document_boundaries import document_numbers


@dataclass(frozen=True)
class SuffixDenoiser:
    """Cuts off a suffix of 1 to ``longest`` tokens, every length equally likely. Examples differ in length:
    they lie end to end in a single row, or, with ``boundaries``, whose masks they need, in padded rows."""

    chunk: int
    longest: int
    boundaries: bool
    vocabulary: Vocabulary

    @classmethod
    def of(cls, denoiser: Denoiser, objective: UL2Objective, vocabulary: Vocabulary) -> SuffixDenoiser:
        """``longest`` is density * chunk, rounded down.

        Raises:
            ManifestError: that is less than 1.
        """
        problem = denoiser.misfit(objective.chunk, vocabulary.sentinels)
        if problem:
            raise ManifestError(f"objective: {problem}")
        longest = longest_suffix(denoiser, objective.chunk)
        return cls(objective.chunk, longest, objective.boundaries, vocabulary)

    def lengths(self, seeds: U64) -> tuple[Tokens, Tokens]:
        """Of the examples of some seeds: int64 [batch] each."""
        suffix = random_integers(seeds, self.longest)
        return suffix_lengths(self.chunk, suffix)

    def apply(self, tokens: npt.NDArray[np.uint32], seeds: U64) -> Batch:
        """Chunks uint32 [batch, chunk] and a seed a row -> examples."""
        chunk = self.chunk
        suffix = random_integers(seeds, self.longest)
        prefix = chunk - suffix
        # From the left for the encoder; from the right, by a row's own offset, for the labels.
        encoder = frame_prompt(tokens[:, : prefix.max()], prefix, self.vocabulary)
        index = np.minimum(prefix[:, None] + np.arange(suffix.max()), chunk - 1)
        labels = frame_target(np.take_along_axis(tokens, index, axis=1), suffix, self.vocabulary)
        if self.boundaries:
            return make_batch(
                encoder,
                labels,
                self.vocabulary.pad,
                prefix + 3,
                _documents(tokens, prefix, labels, self.vocabulary),
            )
        real = np.arange(encoder.shape[1]) < prefix[:, None] + 3
        return pack(encoder[real], prefix + 3, labels[labels != IGNORED], suffix + 2, self.vocabulary.pad)


@dataclass(frozen=True)
class Prefix:
    """Stage II: the first ``source`` tokens of a chunk are read, the other ``target`` written. The split is
    fixed: nothing is drawn or padded, and the labels have no ``</s>``, because the text goes on."""

    settings: PrefixObjective
    vocabulary: Vocabulary

    @property
    def shape(self) -> ObjectiveShape:
        """Chunks of ``source + target`` tokens; one denoiser."""
        return built_in_shape(self.settings)

    def lengths(self, pairs: Tokens, denoiser: int, seeds: U64) -> tuple[Tokens, Tokens]:
        """See TrainingObjective."""
        source, target = prefix_lengths(self.settings)
        return np.full(len(seeds), source), np.full(len(seeds), target)

    def apply(self, samples: npt.NDArray[np.uint32], denoiser: int, seeds: U64) -> Batch:
        """Chunks uint32 [batch, chunk] -> examples; ``denoiser`` and ``seeds`` have no effect."""
        tokens = samples
        source = self.settings.source
        prefix = np.full(len(tokens), source)
        encoder = frame_prompt(tokens[:, :source], prefix, self.vocabulary)
        first = np.full((len(tokens), 1), self.vocabulary.sentinel(0))
        labels = np.concatenate((first, tokens[:, source:]), axis=1)
        documents = _documents(tokens, prefix, labels, self.vocabulary) if self.settings.boundaries else None
        return make_batch(encoder, labels, self.vocabulary.pad, documents=documents)


def _documents(
    tokens: npt.NDArray[np.uint32], prefix: Tokens, labels: Tokens, vocabulary: Vocabulary
) -> tuple[Tokens, Tokens]:
    """Documents of the encoder's positions and of the labels, where row b's first ``prefix[b]`` tokens are
    read. The sentinel belongs to the document that the suffix begins in, on both sides; ``</s>`` to what it
    ends."""
    documents = document_numbers(tokens, vocabulary.eos)
    rows, chunk = np.arange(len(tokens)), tokens.shape[1]
    of_prompt = np.full((len(tokens), prefix.max() + 3), NOWHERE)
    of_prompt[:, 0] = EVERYWHERE
    np.copyto(
        of_prompt[:, 1:-2], documents[:, : prefix.max()], where=np.arange(prefix.max()) < prefix[:, None]
    )
    of_prompt[rows, prefix + 1] = of_prompt[rows, prefix + 2] = documents[rows, prefix]
    index = np.clip(prefix[:, None] - 1 + np.arange(labels.shape[1]), prefix[:, None], chunk - 1)
    return of_prompt, np.where(labels == IGNORED, NOWHERE, np.take_along_axis(documents, index, axis=1))


def frame_prompt(tokens: npt.NDArray[np.integer], lengths: Tokens, vocabulary: Vocabulary) -> Tokens:
    """``<S> text <extra_id_0> </s>`` for the first ``lengths[b]`` of each row, then pad: [batch, n] -> int64
    [batch, n + 3]."""
    rows = np.arange(len(tokens))
    framed = np.full((len(tokens), tokens.shape[1] + 3), vocabulary.pad)
    framed[:, 0] = vocabulary.mode("S")
    np.copyto(framed[:, 1:-2], tokens, where=np.arange(tokens.shape[1]) < lengths[:, None])
    framed[rows, lengths + 1] = vocabulary.sentinel(0)
    framed[rows, lengths + 2] = vocabulary.eos
    return framed


def frame_target(tokens: npt.NDArray[np.integer], lengths: Tokens, vocabulary: Vocabulary) -> Tokens:
    """Labels ``<extra_id_0> text </s>`` for the first ``lengths[b]`` of each row, then IGNORED: [batch, n] ->
    int64 [batch, n + 2]."""
    framed = np.full((len(tokens), tokens.shape[1] + 2), IGNORED)
    framed[:, 0] = vocabulary.sentinel(0)
    np.copyto(framed[:, 1:-1], tokens, where=np.arange(tokens.shape[1]) < lengths[:, None])
    framed[np.arange(len(tokens)), lengths + 1] = vocabulary.eos
    return framed
