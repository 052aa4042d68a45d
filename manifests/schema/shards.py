"""The shard manifest: the one thing that the pipeline and the trainer both know."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from manifests.schema.base import Strict
from manifests.schema.steps import File


class Vocabulary(Strict):
    """Token ids as in OpenBA: the pieces, then ``extra_id_99 .. extra_id_0``, then ``<R> <S> <X>``.

    ``extra_id_k`` is ``pieces + 99 - k``. ``size`` counts all ids; ``padded`` is the embedding's row count, a
    multiple of 128.
    """

    model: File
    pieces: int
    pad: int = 0
    eos: int = 1
    unknown: int = 2
    sentinels: int = 100
    size: int
    padded: int

    def sentinel(self, k: int) -> int:
        """Id of ``<extra_id_k>``."""
        return self.pieces + self.sentinels - 1 - k

    def mode(self, name: Literal["R", "S", "X"]) -> int:
        """Id of the mode token ``<R>``, ``<S>`` or ``<X>``."""
        return self.pieces + self.sentinels + "RSX".index(name)


class Shard(Strict):
    """An Arrow IPC file with one record batch.

    A stream shard has columns ``id`` string, ``source`` string, ``start`` uint32 (offset of the row's first
    token in its document) and ``tokens`` list<uint32>; every document ends with eos; a document that crosses
    the end of a shard goes on in the next one, so the flat values of all shards of a set, in order, are one
    token stream. A pair shard has columns ``id``, ``source``, ``task`` string, ``prompt`` and ``target``
    list<uint32>, without eos, sentinels or mode tokens: the objective adds them.
    """

    file: File
    tokens: int


class SourceShare(Strict):
    """What one source gave to a set: distinct ``documents``, ``tokens`` written, and the epochs (tokens
    written / tokens it has)."""

    name: str
    documents: int
    tokens: int
    available_tokens: int
    epochs: float


class TokenSet(Strict):
    """A set of shards of one language (``kind`` stream) or of instruction pairs. All stream shards but the
    last hold ``shard_tokens``.

    ``unigram_entropy`` is that of the set's own token frequencies (of the targets, in sets of pairs), in nats
    per token: what a model that knew only the training set's frequencies would lose.
    """

    name: str
    language: Literal["en", "zh", "code"]
    kind: Literal["stream", "pairs"]
    tokens: int
    rows: int
    documents: int
    shard_tokens: int
    shards: tuple[Shard, ...]
    sources: tuple[SourceShare, ...]
    budget: int | None = None
    unigram_entropy: float

    @model_validator(mode="after")
    def _tokens_add_up(self) -> TokenSet:
        if sum(shard.tokens for shard in self.shards) != self.tokens:
            raise ValueError(
                f"set {self.name}: the shards hold {sum(shard.tokens for shard in self.shards)} tokens, not "
                f"{self.tokens}"
            )
        if sum(source.tokens for source in self.sources) != self.tokens:
            raise ValueError(
                f"set {self.name}: the sources give {sum(source.tokens for source in self.sources)} tokens, "
                f"not {self.tokens}"
            )
        return self


class ShardManifest(Strict):
    """``shards/manifest.json``'s sibling ``shards/shards.json``: the training sets and the held-out sets, by
    name."""

    version: Literal[1] = 1
    kind: Literal["shards"] = "shards"
    fingerprint: str
    vocabulary: Vocabulary
    sets: dict[str, TokenSet]
    heldout: dict[str, TokenSet]
