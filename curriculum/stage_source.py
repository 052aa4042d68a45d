"""A token set as a stage sees it: its samples, their order, and how many of them there may be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from curriculum.feistel_permutation import permute, position_of
from curriculum.keyed_hash import key
from curriculum.objective_shape import ObjectiveShape
from curriculum.pair_lengths import PairLengths
from manifests.schema.base import ManifestError
from manifests.schema.shards import ShardManifest
from manifests.schema.stage import Stage
from manifests.splitmix64 import splitmix64


@dataclass(frozen=True)
class StageSource:
    """A token set as a stage sees it: ``rows`` samples in each epoch, of which ``sample_tokens`` tokens are
    read on average, in an order that ``secret`` decides.

    Attributes:
        max_tokens: tokens that may be read, beside ``max_epochs``.
        parts: samples that come one after the other, since they are a row of the stage that is read on from.
        skipped: samples that that stage has read, of which the numbers are gone.
    """

    name: str
    rows: int
    sample_tokens: Fraction
    max_epochs: float
    secret: np.uint64
    max_tokens: int | None = None
    parts: int = 1
    skipped: int = 0

    @property
    def allowed(self) -> int:
        """Samples that may be read."""
        left = max(int(self.rows * Fraction(str(self.max_epochs))) - self.skipped, 0)
        return left if self.max_tokens is None else min(left, int(self.max_tokens / self.sample_tokens))

    def numbers_of(self, row: int, samples: int) -> list[int]:
        """Which of the source's first ``samples`` samples are a row: one in each epoch."""
        if row >= self.rows:
            return []
        epochs = np.arange(-(-(samples + self.skipped) // self.rows))
        whole, part = divmod(row, self.parts)
        positions = position_of(np.full(len(epochs), whole), self.rows // self.parts, self._keys(epochs))
        numbers = epochs * self.rows + positions * self.parts + part - self.skipped
        return [int(number) for number in numbers if 0 <= number < samples]

    def check(self, stage: str, needed: int) -> None:
        """Refuses a stage that would read the set more often than allowed, ``needed`` samples in all.

        Raises:
            ManifestError: it would; the message names the set, what is missing, and the ways out.
        """
        if needed <= self.allowed:
            return
        missing = int((needed - self.allowed) * self.sample_tokens)
        limit, way_out = self._limit(needed)
        raise ManifestError(
            f"stage {stage}: set {self.name} runs short by {missing:,} tokens: the stage reads {needed:,} "
            f"samples, but {limit}; lower tokens or the set's share, make more shards, or set {way_out}"
        )

    def _limit(self, needed: int) -> tuple[str, str]:
        """What allows no more, and what would."""
        epochs = Fraction(str(self.max_epochs))
        if self.allowed < int(self.rows * epochs) - self.skipped:
            tokens = math.ceil(needed * self.sample_tokens)
            return f"max_tokens allows {self.allowed:,}", f"max_tokens: {{{self.name}: {tokens}}}"
        before = f" after the {self.skipped:,} of the stage before" if self.skipped else ""
        most = np.ceil(100 * (needed + self.skipped) / self.rows) / 100
        return (
            f"{self.max_epochs:g} epochs of {self.rows:,} allow {self.allowed:,}{before}",
            f"max_epochs: {{{self.name}: {most:g}}}",
        )

    def _keys(self, epochs: NDArray[np.int64]) -> NDArray[np.uint64]:
        return splitmix64(epochs.astype(np.uint64)) ^ self.secret


def read_rows(
    sources: Sequence[StageSource], set_index: NDArray[np.int32], numbers: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The rows (int64[n]) that samples are: ``numbers`` (int64[n]) of the source at ``set_index`` (int32[n]).
    Each epoch of a source is a permutation of all its rows."""
    rows, parts, skipped = (
        np.array([getattr(source, name) for source in sources], dtype=np.int64)[set_index]
        for name in ("rows", "parts", "skipped")
    )
    epochs, positions = np.divmod(numbers + skipped, rows)
    wholes, part = np.divmod(positions, parts)
    secrets = np.array([source.secret for source in sources], dtype=np.uint64)[set_index]
    return permute(wholes, rows // parts, splitmix64(epochs.astype(np.uint64)) ^ secrets) * parts + part


@dataclass(frozen=True)
class Origin:
    """What is read on: the ``source`` of the stage called ``stage``, whose samples have ``chunk_length``
    tokens (None: are pairs), of which ``samples`` have been read."""

    stage: str
    source: StageSource
    chunk_length: int | None
    samples: int


def stage_source(
    stage: Stage,
    name: str,
    shape: ObjectiveShape,
    shards: ShardManifest,
    seed: int,
    pairs: Mapping[str, PairLengths],
    origin: Origin | None,
) -> StageSource:
    """A set of a stage, in an order of its own or on from where its origin stopped.

    Raises:
        ManifestError: the shards have no such set, it is of another kind, or has too little; or what the
            origin has left is in pieces.
    """
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
    sample_tokens = shape.sample_tokens(tokens, pairs.get(name))
    own = StageSource(
        name,
        rows,
        sample_tokens,
        stage.max_epochs.get(name, 1),
        key(seed, stage.name, "order", name),
        stage.max_tokens.get(name),
    )
    return own if origin is None else _read_on(own, origin, stage, shape)


def _read_on(own: StageSource, origin: Origin, stage: Stage, shape: ObjectiveShape) -> StageSource:
    """The same set in the order of its origin, of whose rows each is so many of its own."""
    parts, rest = divmod(origin.chunk_length or 1, shape.chunk_length or 1)
    if rest or not parts:
        raise ManifestError(
            f"stage {stage.name}: continue_from: {origin.stage} reads chunks of {origin.chunk_length} tokens "
            f"in random order and leaves {own.name} in pieces of that length; this stage's chunks "
            f"({shape.chunk_length}) must be as long, or a whole part of it; remove continue_from"
        )
    before = origin.source
    return replace(
        own,
        rows=before.rows * parts,
        secret=before.secret,
        parts=before.parts * parts,
        skipped=(before.skipped + origin.samples) * parts,
    )
