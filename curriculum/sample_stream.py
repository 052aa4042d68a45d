"""The samples of a stage's objective over given shards: its sources, and which sample has which number."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from copy import copy
from fractions import Fraction
from types import MappingProxyType

import numpy as np

from curriculum.keyed_hash import key, seeds
from curriculum.mixture_plan import MixturePlan
from curriculum.objective_shape import ObjectiveShape
from curriculum.pair_lengths import PairLengths
from curriculum.set_sequence import SetSequence
from curriculum.share_points import share_points
from curriculum.stage_source import Origin, read_rows, stage_source
from curriculum.step_plan import Samples, StepPart
from manifests.schema.base import ManifestError
from manifests.schema.shards import ShardManifest
from manifests.schema.stage import Stage


class SampleStream:
    """A stage's samples, numbered from 0, without end. All random choices are keyed by the seed and the
    stage's name, so a stage reads the same samples wherever it is in the manifest; but for sets that are
    read on from another stage, whose order they have.

    Attributes:
        sources: the sets that it reads, or has read, by name.
        mixture: which of them each sample comes from.
        sample_tokens: tokens that are read of one sample, on average over the mixture.

    Raises:
        ManifestError: a set is missing, of the wrong kind, or cannot be read on.
    """

    def __init__(
        self,
        stage: Stage,
        shape: ObjectiveShape,
        shards: ShardManifest,
        seed: int,
        pairs: Mapping[str, PairLengths],
        origins: Mapping[str, Origin] = MappingProxyType({}),
    ) -> None:
        self.stage, self.shape = stage, shape
        # By name, so that the order of the manifest's keys, which its fingerprint ignores, does not matter.
        self.sources = tuple(
            stage_source(stage, name, shape, shards, seed, pairs, origins.get(name)) for name in stage.sets
        )
        self._plan = self._planned(shards)
        self.mixture = SetSequence(()).then(0, self._plan)
        if not self.mixture.segments:
            raise ManifestError(
                f"stage {stage.name}: max_epochs and max_tokens leave nothing to read; raise them"
            )
        self.sample_tokens = self._sample_tokens(0)
        self._sample_secret = key(seed, stage.name, "sample")
        self._denoiser_secret = key(seed, stage.name, "denoiser")
        self._dropout_secret = key(seed, stage.name, "dropout")

    def _planned(self, shards: ShardManifest) -> MixturePlan:
        sizes = {source.name: shards.sets[source.name].tokens for source in self.sources}
        capped = self.stage.used_up in ("stop", "others")
        return MixturePlan(
            tuple(sizes),
            share_points(self.stage.mixture, sizes),
            tuple(source.sample_tokens for source in self.sources),
            tuple(source.allowed for source in self.sources) if capped else None,
            self.stage.used_up == "stop",
        )

    def _sample_tokens(self, first: int) -> Fraction:
        """Over the mixture where it stays, else over the samples from ``first`` on that the stage's tokens
        allow."""
        plan, each = self._plan, set(self._plan.sample_tokens)
        if len(plan.points) == 1 and plan.caps is None:
            # A set's part of the samples is its part of the tokens divided by the tokens of a sample.
            shares = zip(plan.points[0][1], plan.sample_tokens, strict=True)
            return 1 / sum((share / tokens for share, tokens in shares), Fraction())
        if len(each) == 1:
            return each.pop()
        start = self.mixture.tokens(first)
        wanted = max(self.stage.tokens - start, Fraction(1))
        count = 1 + bisect_left(
            range(1, int(wanted / min(each)) + 2),
            wanted,
            key=lambda samples: self.mixture.tokens(first + samples) - start,
        )
        return (self.mixture.tokens(first + count) - start) / count

    def after(self, earlier: SampleStream, first: int) -> SampleStream:
        """The samples of ``earlier`` before number ``first``, and from there on those of this stream's
        mixture; each set goes on where it has been read to."""
        result = copy(self)
        sources = {source.name: source for source in (*earlier.sources, *self.sources)}
        result.mixture = earlier.mixture.then(first, self._plan)
        result.sources = tuple(sources[name] for name in result.mixture.sets)
        result.sample_tokens = result._sample_tokens(first)
        return result

    @property
    def most(self) -> int | None:
        """How many samples there are, where the stage ends when a set is used up."""
        return self.mixture.end if self.stage.used_up == "stop" else None

    @property
    def final_shares(self) -> dict[str, float]:
        """Each set's share of the tokens after all points of the mixture."""
        return {name: float(share) for name, share in self._plan.final_shares.items()}

    def check_epochs(self, samples: int) -> None:
        """Refuses a curriculum that would read a set more often than allowed, ``samples`` samples in all,
        those lost to rollbacks included.

        Raises:
            ManifestError: it would; the message names the set, what is missing, and the ways out.
        """
        if self.stage.used_up is None:
            for source, needed in zip(self.sources, self.mixture.counts(samples), strict=True):
                source.check(self.stage.name, needed)
        elif self.mixture.end is not None and samples > self.mixture.end:
            raise ManifestError(
                f"stage {self.stage.name}: its sets are used up after {self.mixture.end:,} samples, and "
                f"{samples:,} are to be read; lower tokens (or what a later stage rehearses), raise "
                "max_epochs or max_tokens, or set used_up: repeat"
            )

    def read(self, first: int, count: int) -> StepPart:
        """The samples ``first .. first + count - 1``."""
        sets, set_index, numbers = self.mixture.samples(first, count)
        sources = {source.name: source for source in self.sources}
        drawn = seeds(self._denoiser_secret, first, count) % np.uint64(self.shape.denoisers)
        samples = Samples(
            set_index,
            read_rows([sources[name] for name in sets], set_index, numbers),
            denoisers=drawn.astype(np.int64),
            noise=seeds(self._sample_secret, first, count),
            dropout=seeds(self._dropout_secret, first, count),
        )
        return StepPart(self.stage.name, sets, samples)
