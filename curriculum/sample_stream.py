"""The samples of a stage's objective over given shards: its sources, and which sample has which number."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from curriculum.feistel_permutation import permute, position_of
from curriculum.keyed_hash import key, seeds
from curriculum.objective_shape import ObjectiveShape
from curriculum.pair_lengths import PairLengths
from curriculum.set_sequence import MixturePlan, SetSequence
from curriculum.step_plan import Samples, StepPart
from manifests.schema.base import ManifestError
from manifests.schema.shards import ShardManifest
from manifests.schema.stage import Stage
from manifests.splitmix64 import splitmix64


@dataclass(frozen=True)
class StageSource:
    """A token set as a stage sees it: ``rows`` samples in each epoch, of which ``sample_tokens`` tokens are
    read on average."""

    name: str
    rows: int
    sample_tokens: Fraction
    max_epochs: float
    secret: np.uint64

    def read(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows (int64[n]) that the source's samples ``numbers`` (int64[n]) are: each epoch is a
        permutation of all rows."""
        epochs, positions = np.divmod(numbers, self.rows)
        return permute(positions, self.rows, self._keys(epochs))

    def numbers_of(self, row: int, samples: int) -> list[int]:
        """Which of the source's first ``samples`` samples are a row: one in each epoch."""
        epochs = np.arange(-(-samples // self.rows))
        positions = position_of(np.full(len(epochs), row), self.rows, self._keys(epochs))
        numbers = epochs * self.rows + positions
        return [int(number) for number in numbers if number < samples]

    def _keys(self, epochs: NDArray[np.int64]) -> NDArray[np.uint64]:
        return splitmix64(epochs.astype(np.uint64)) ^ self.secret


class SampleStream:
    """A stage's samples, numbered from 0, without end. All random choices are keyed by the seed and the
    stage's name, so a stage reads the same samples wherever it is in the manifest.

    Attributes:
        sources: the sets that it reads, or has read, by name.
        mixture: which of them each sample comes from.
        sample_tokens: tokens that are read of one sample, on average over the mixture.

    Raises:
        ManifestError: a set is missing, or of the wrong kind.
    """

    def __init__(
        self,
        stage: Stage,
        shape: ObjectiveShape,
        shards: ShardManifest,
        seed: int,
        pairs: Mapping[str, PairLengths],
    ) -> None:
        self.stage, self.shape = stage, shape
        # By name, so that the order of the manifest's keys, which its fingerprint ignores, does not matter.
        self.sources = tuple(
            _source(stage, name, shape, shards, seed, pairs) for name in sorted(stage.mixture)
        )
        # A set's part of the samples is its part of the tokens divided by the tokens of a sample.
        rates = [Fraction(str(stage.mixture[source.name])) / source.sample_tokens for source in self.sources]
        self._plan = MixturePlan(tuple(source.name for source in self.sources), tuple(rates))
        self.mixture = SetSequence(()).then(0, self._plan)
        self.sample_tokens = 1 / sum(rates, Fraction())
        self._sample_secret = key(seed, stage.name, "sample")
        self._denoiser_secret = key(seed, stage.name, "denoiser")
        self._dropout_secret = key(seed, stage.name, "dropout")

    def after(self, earlier: SampleStream, first: int) -> SampleStream:
        """The samples of ``earlier`` before number ``first``, and from there on those of this stream's
        mixture; each set goes on where it has been read to."""
        result = copy(self)
        sources = {source.name: source for source in (*earlier.sources, *self.sources)}
        result.mixture = earlier.mixture.then(first, self._plan)
        result.sources = tuple(sources[name] for name in result.mixture.sets)
        return result

    def check_epochs(self, samples: int) -> None:
        """Refuses a curriculum that would read a set more often than allowed, ``samples`` samples in all,
        those lost to rollbacks included.

        Raises:
            ManifestError: it would; the message names the set, what is missing, and the ways out.
        """
        for source, needed in zip(self.sources, self.mixture.counts(samples), strict=True):
            allowed = int(source.rows * Fraction(str(source.max_epochs)))
            if needed > allowed:
                missing = int((needed - allowed) * source.sample_tokens)
                raise ManifestError(
                    f"stage {self.stage.name}: set {source.name} runs short by {missing:,} tokens: the "
                    f"stage reads {needed:,} samples, "
                    f"but {source.max_epochs:g} epochs of {source.rows:,} allow {allowed:,}; lower tokens "
                    "or the set's share, "
                    "make more shards, or set max_epochs: "
                    f"{{{source.name}: {np.ceil(100 * needed / source.rows) / 100:g}}}"
                )

    def read(self, first: int, count: int) -> StepPart:
        """The samples ``first .. first + count - 1``."""
        sets, set_index, numbers = self.mixture.samples(first, count)
        rows, sources = np.empty(count, dtype=np.int64), {source.name: source for source in self.sources}
        for index, name in enumerate(sets):
            mine = np.flatnonzero(set_index == index)
            rows[mine] = sources[name].read(numbers[mine])
        drawn = seeds(self._denoiser_secret, first, count) % np.uint64(self.shape.denoisers)
        samples = Samples(
            set_index,
            rows,
            denoisers=drawn.astype(np.int64),
            noise=seeds(self._sample_secret, first, count),
            dropout=seeds(self._dropout_secret, first, count),
        )
        return StepPart(self.stage.name, sets, samples)


def _source(
    stage: Stage,
    name: str,
    shape: ObjectiveShape,
    shards: ShardManifest,
    seed: int,
    pairs: Mapping[str, PairLengths],
) -> StageSource:
    if name not in shards.sets:
        raise ManifestError(
            f"stage {stage.name}: mixture: the shards have no set {name!r}; they have: "
            f"{', '.join(sorted(shards.sets))}"
        )
    tokens = shards.sets[name]
    if tokens.kind != shape.reads:
        raise ManifestError(
            f"stage {stage.name}: objective {stage.objective.kind} reads sets of kind {shape.reads}, "
            f"but {tokens.name} is of kind {tokens.kind}"
        )
    rows = shape.samples(tokens)
    if rows == 0:
        raise ManifestError(
            f"stage {stage.name}: set {name} holds {tokens.tokens} tokens, not enough for one sample; take "
            "it out"
        )
    secret = key(seed, stage.name, "order", name)
    sample_tokens = shape.sample_tokens(tokens, pairs.get(name))
    return StageSource(name, rows, sample_tokens, stage.max_epochs.get(name, 1), secret)
