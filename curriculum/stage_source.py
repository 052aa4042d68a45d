"""A token set as a stage sees it: its samples, their order, and how many of them there may be."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from curriculum.feistel_permutation import permute, position_of
from curriculum.keyed_hash import key
from curriculum.objective_shape import ObjectiveShape
from curriculum.pair_lengths import PairLengths
from manifests.schema.base import ManifestError
from manifests.schema.shards import ShardManifest, TokenSet
from manifests.schema.stage import Stage
from manifests.splitmix64 import splitmix64

WINDOWS = 256
"""Of a set whose blocks are read whole, at most: a stage that is read on leaves a part of one unread."""

LEAST_BLOCKS = 32
"""Of a window, so that what comes together is not of few documents."""

Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class StageSource:
    """A token set as a stage sees it: ``rows`` samples in each epoch, of which ``sample_tokens`` tokens are
    read on average, in an order that ``secret`` decides.

    Attributes:
        max_tokens: tokens that may be read, beside ``max_epochs``.
        parts: samples of each piece of which the order is drawn: 1, or as many as a row of the stage that is
            read on from holds, or a block.
        window: samples between which the order is drawn once more; 0: none.
        skipped: samples that the stage that is read on from has used up, of which the numbers are gone.
    """

    name: str
    rows: int
    sample_tokens: Fraction
    max_epochs: float
    secret: np.uint64
    max_tokens: int | None = None
    parts: int = 1
    window: int = 0
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
        keys = splitmix64(epochs.astype(np.uint64)) ^ self.secret
        pieces = position_of(np.full(len(epochs), whole), self.rows // self.parts, keys)
        positions = pieces * self.parts + part
        if self.window:
            positions = _within_windows(position_of, positions, self.window, self.rows, keys)
        numbers = epochs * self.rows + positions - self.skipped
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


def read_rows(
    sources: Sequence[StageSource], set_index: NDArray[np.int32], numbers: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The rows (int64[n]) that samples are: ``numbers`` (int64[n]) of the source at ``set_index`` (int32[n]).
    Each epoch of a source is a permutation of all its rows."""
    rows, parts, windows, skipped = (
        np.array([getattr(source, name) for source in sources], dtype=np.int64)[set_index]
        for name in ("rows", "parts", "window", "skipped")
    )
    epochs, positions = np.divmod(numbers + skipped, rows)
    secrets = np.array([source.secret for source in sources], dtype=np.uint64)[set_index]
    keys = splitmix64(epochs.astype(np.uint64)) ^ secrets
    mine = np.flatnonzero(windows)
    if mine.size:
        positions[mine] = _within_windows(permute, positions[mine], windows[mine], rows[mine], keys[mine])
    wholes, part = np.divmod(positions, parts)
    return permute(wholes, rows // parts, keys) * parts + part


def _within_windows(
    order: Callable[[Int64, Int64, NDArray[np.uint64]], Int64],
    positions: Int64,
    window: int | Int64,
    rows: int | Int64,
    keys: NDArray[np.uint64],
) -> Int64:
    """The positions (int64[n]) in an order that is drawn anew in each window; the last one is shorter."""
    number = positions // window
    place, sizes = positions - number * window, np.minimum(window, rows - number * window)
    return number * window + order(place, sizes, splitmix64(keys ^ splitmix64(number)))


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
    if origin is not None:
        return _read_on(own, origin, stage, shape)
    return _in_blocks(own, stage, shape, tokens) if stage.leave_whole else own


def _in_blocks(own: StageSource, stage: Stage, shape: ObjectiveShape, tokens: TokenSet) -> StageSource:
    """The same set in windows of blocks that the chunks of a later stage divide, too."""
    chunk = shape.chunk_length or 1
    block = math.lcm(chunk, stage.leave_whole or 1)
    blocks, parts = tokens.tokens // block, block // chunk
    if not blocks:
        raise ManifestError(
            f"stage {stage.name}: leave_whole: set {own.name} holds {tokens.tokens:,} tokens, and chunks of "
            f"{chunk} and {stage.leave_whole} make blocks of {block:,}; remove leave_whole"
        )
    window = max(-(-blocks // WINDOWS), min(blocks, LEAST_BLOCKS)) * parts
    return replace(own, rows=blocks * parts, parts=parts, window=window)


def _read_on(own: StageSource, origin: Origin, stage: Stage, shape: ObjectiveShape) -> StageSource:
    """The same set in the order of its origin, of whose rows or blocks each is so many of its own."""
    before, chunk = origin.source, shape.chunk_length or 1
    samples, long = before.skipped + origin.samples, origin.chunk_length or 1
    piece = before.parts * long if before.window and chunk != long else long
    if piece % chunk:
        raise ManifestError(
            f"stage {stage.name}: continue_from: {origin.stage} reads chunks of {long} tokens in random "
            f"order and leaves {own.name} in pieces of that length; this stage's chunks ({chunk}) must be as "
            f"long, or a whole part of it; give {origin.stage} leave_whole: {chunk} before it begins, or "
            "remove continue_from"
        )
    if piece == long:
        parts = before.parts * long // chunk
        skipped, window = samples * long // chunk, before.window
    else:
        parts = piece // chunk
        window = before.window // before.parts * parts
        epochs, within = divmod(samples, before.rows)
        rows = before.rows // before.parts * parts
        skipped = epochs * rows + min(-(-within // before.window) * window, rows)
    rows = before.rows // before.parts * parts
    return replace(own, rows=rows, secret=before.secret, parts=parts, window=window, skipped=skipped)
